/* Случайные числа Windows: в Wine 8 нет bcryptprimitives.dll, без которой не грузится pydantic_core. */
#include <windows.h>
#include <ntsecapi.h> /* RtlGenRandom — имя SystemFunction036 из advapi32 */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return RtlGenRandom(data, (ULONG)length);
}
