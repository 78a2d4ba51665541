/* redis-server.exe для Wine: Redis для Windows здесь не добыть, поэтому работает redis-server самого Linux.
 *
 * Живёт ровно столько же, сколько он: кончился один — кончается и другой, даже если программу убили. Связь
 * держит пара сокетов: её конец достаётся оболочке стандартным вводом (redis-server.sh).
 */
#include <winsock2.h>
#include <windows.h>
#include <wchar.h>

#define LENGTH 8192
#define CP_UNIXCP 65010 /* кодовая страница имён файлов Linux, есть только в Wine */

typedef char *(CDECL *UnixName)(const WCHAR *);

static WCHAR line[LENGTH];

/* Дописывает довод в кавычках; путь Windows — именем, под которым файл виден Linux. */
static void add(const WCHAR *text)
{
    WCHAR path[LENGTH];
    UnixName unix_name = (UnixName)(void *)GetProcAddress(GetModuleHandleW(L"kernel32"), "wine_get_unix_file_name");
    char *found = wcslen(text) > 2 && text[1] == ':' && unix_name ? unix_name(text) : NULL;

    if (found) MultiByteToWideChar(CP_UNIXCP, 0, found, -1, path, LENGTH);
    wcscat(line, L"\"");
    wcscat(line, found ? path : text);
    wcscat(line, L"\" ");
}

/* Связывает два сокета этого компьютера; конец для оболочки — наследуемый. */
static BOOL pair(SOCKET *kept, SOCKET *lent)
{
    WSADATA data;
    struct sockaddr_in place = {.sin_family = AF_INET};
    int size = sizeof(place);
    SOCKET door;

    WSAStartup(MAKEWORD(2, 2), &data);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    door = socket(AF_INET, SOCK_STREAM, 0);
    *lent = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(door, (struct sockaddr *)&place, size) || listen(door, 1)) return FALSE;
    if (getsockname(door, (struct sockaddr *)&place, &size)) return FALSE;
    if (connect(*lent, (struct sockaddr *)&place, size)) return FALSE;
    *kept = accept(door, NULL, NULL);
    closesocket(door);
    SetHandleInformation((HANDLE)*kept, HANDLE_FLAG_INHERIT, 0);
    return SetHandleInformation((HANDLE)*lent, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
}

int wmain(int argc, WCHAR **argv)
{
    STARTUPINFOW start = {.cb = sizeof(start), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION started;
    WCHAR script[MAX_PATH];
    SOCKET kept, lent;
    char byte;
    int i;

    if (!pair(&kept, &lent)) return 2;
    GetModuleFileNameW(NULL, script, MAX_PATH);
    wcscpy(wcsrchr(script, '.'), L".sh");
    wcscpy(line, L"/bin/sh ");
    add(script);
    for (i = 1; i < argc; i++) add(argv[i]);
    start.hStdInput = (HANDLE)lent;
    if (!CreateProcessW(L"Z:\\bin\\sh", line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &started)) return 3;
    closesocket(lent);
    while (recv(kept, &byte, 1, 0) > 0) {}
    return 1;
}
