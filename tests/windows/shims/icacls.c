/* icacls для Wine: свой icacls там ничего не делает и отвечает успехом.
 *
 * Умеет ровно то, чем пользуется проект: /grant[:r] КТО:(OI)(CI)ПРАВО, /inheritance:r, /reset, /setowner КТО,
 * /q. Списки доступа и владелец — настоящие, через advapi32. Незнакомый ключ — код 87, незнакомое имя — 1332,
 * как у Windows.
 */
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <wchar.h>
#include <wincrypt.h>

#define MOST 32

static EXPLICIT_ACCESSW given[MOST];
static ULONG count;

/* SID виртуальной учётной записи службы: S-1-5-80 и SHA-1 её имени прописными буквами. */
static PSID service_sid(const WCHAR *name)
{
    WCHAR upper[256];
    DWORD hash[5], size = sizeof(hash);
    HCRYPTPROV provider;
    HCRYPTHASH digest;
    SID_IDENTIFIER_AUTHORITY authority = SECURITY_NT_AUTHORITY;
    PSID sid = NULL;

    wcsncpy(upper, name, 255);
    upper[255] = 0;
    CharUpperW(upper);
    CryptAcquireContextW(&provider, NULL, NULL, PROV_RSA_AES, CRYPT_VERIFYCONTEXT);
    CryptCreateHash(provider, CALG_SHA1, 0, 0, &digest);
    CryptHashData(digest, (BYTE *)upper, (DWORD)(wcslen(upper) * sizeof(WCHAR)), 0);
    CryptGetHashParam(digest, HP_HASHVAL, (BYTE *)hash, &size, 0);
    AllocateAndInitializeSid(&authority, 6, 80, hash[0], hash[1], hash[2], hash[3], hash[4], 0, 0, &sid);
    return sid;
}

static PSID named_sid(const WCHAR *name)
{
    static const WCHAR services[] = L"NT SERVICE\\";
    PSID sid = NULL;
    DWORD size = SECURITY_MAX_SID_SIZE, length = 256;
    WCHAR domain[256];
    SID_NAME_USE use;

    if (name[0] == '*') return ConvertStringSidToSidW(name + 1, &sid) ? sid : NULL;
    if (!wcsnicmp(name, services, wcslen(services))) return service_sid(name + wcslen(services));
    sid = LocalAlloc(LPTR, size);
    return LookupAccountNameW(NULL, name, sid, &size, domain, &length, &use) ? sid : NULL;
}

static DWORD mask_of(const WCHAR *right)
{
    if (!wcsicmp(right, L"F")) return FILE_ALL_ACCESS;
    if (!wcsicmp(right, L"M")) return FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE | DELETE;
    if (!wcsicmp(right, L"RX")) return FILE_GENERIC_READ | FILE_GENERIC_EXECUTE;
    if (!wcsicmp(right, L"R")) return FILE_GENERIC_READ;
    if (!wcsicmp(right, L"W")) return FILE_GENERIC_WRITE;
    return 0;
}

/* Разбирает КТО:(OI)(CI)ПРАВО. */
static DWORD grant(WCHAR *text, ACCESS_MODE mode)
{
    WCHAR *right = wcsrchr(text, ':');
    EXPLICIT_ACCESSW *entry = &given[count];
    PSID sid;

    if (!right || count == MOST) return ERROR_INVALID_PARAMETER;
    *right++ = 0;
    if (!(sid = named_sid(text))) return ERROR_NONE_MAPPED;
    for (; *right == '('; right = wcschr(right, ')') + 1)
    {
        if (!wcsnicmp(right, L"(OI)", 4)) entry->grfInheritance |= OBJECT_INHERIT_ACE;
        else if (!wcsnicmp(right, L"(CI)", 4)) entry->grfInheritance |= CONTAINER_INHERIT_ACE;
        else return ERROR_INVALID_PARAMETER;
    }
    if (!(entry->grfAccessPermissions = mask_of(right))) return ERROR_INVALID_PARAMETER;
    entry->grfAccessMode = mode;
    BuildTrusteeWithSidW(&entry->Trustee, sid);
    count++;
    return 0;
}

/* SetNamedSecurityInfo в Wine домешивает доступ папки и при снятом наследовании. */
static DWORD put(const WCHAR *path, PACL list)
{
    SECURITY_DESCRIPTOR fresh;
    InitializeSecurityDescriptor(&fresh, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&fresh, TRUE, list, FALSE);
    return SetFileSecurityW(path, DACL_SECURITY_INFORMATION, &fresh) ? 0 : GetLastError();
}

/* Заменяет список: закрытый — только данными правами, иначе — добавляет их к прежнему. */
static DWORD apply(WCHAR *path, BOOL closed, BOOL reset)
{
    PACL old = NULL, fresh = NULL;
    PSECURITY_DESCRIPTOR found = NULL;
    SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;
    DWORD code;

    if (reset)
    {
        /* Наследования в Wine нет: доступ файла — список его папки. */
        WCHAR parent[MAX_PATH], *end;
        wcsncpy(parent, path, MAX_PATH - 1);
        parent[MAX_PATH - 1] = 0;
        if (!(end = wcsrchr(parent, '\\'))) return ERROR_INVALID_NAME;
        *end = 0;
        if ((code = GetNamedSecurityInfoW(parent, SE_FILE_OBJECT, what, NULL, NULL, &fresh, NULL, &found))) return code;
    }
    else
    {
        if (!closed && (code = GetNamedSecurityInfoW(path, SE_FILE_OBJECT, what, NULL, NULL, &old, NULL, &found))) return code;
        if (!count) return 0;
        if ((code = SetEntriesInAclW(count, given, old, &fresh))) return code;
    }
    return put(path, fresh);
}

static DWORD own(const WCHAR *path, const WCHAR *name)
{
    SECURITY_DESCRIPTOR fresh;
    PSID sid = named_sid(name);

    if (!sid) return ERROR_NONE_MAPPED;
    InitializeSecurityDescriptor(&fresh, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorOwner(&fresh, sid, FALSE);
    return SetFileSecurityW(path, OWNER_SECURITY_INFORMATION, &fresh) ? 0 : GetLastError();
}

static DWORD perform(int argc, WCHAR **argv)
{
    WCHAR path[MAX_PATH], *owner = NULL;
    BOOL closed = FALSE, reset = FALSE;
    DWORD code = 0;
    int i;

    if (argc < 3) return ERROR_INVALID_PARAMETER;
    if (!GetFullPathNameW(argv[1], MAX_PATH, path, NULL)) return GetLastError();
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) return ERROR_FILE_NOT_FOUND;
    for (i = 2; i < argc; i++)
    {
        if (!wcsicmp(argv[i], L"/q")) continue;
        else if (!wcsicmp(argv[i], L"/inheritance:r")) closed = TRUE;
        else if (!wcsicmp(argv[i], L"/reset")) reset = TRUE;
        else if (!wcsicmp(argv[i], L"/setowner") && i + 1 < argc) owner = argv[++i];
        else if (!wcsicmp(argv[i], L"/grant:r") && i + 1 < argc) code = grant(argv[++i], SET_ACCESS);
        else if (!wcsicmp(argv[i], L"/grant") && i + 1 < argc) code = grant(argv[++i], GRANT_ACCESS);
        else return ERROR_INVALID_PARAMETER;
        if (code) return code;
    }
    return owner ? own(path, owner) : apply(path, closed, reset);
}

int wmain(int argc, WCHAR **argv)
{
    DWORD code = perform(argc, argv);
    if (code) fwprintf(stderr, L"icacls: %lu\n", code);
    return (int)code;
}
