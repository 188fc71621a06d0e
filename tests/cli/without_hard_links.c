// Preloaded: a file system that has no hard links (FAT, exFAT: EPERM), and with WITHOUT_RENAME_NOREPLACE also no rename
// that never replaces (FUSE, NFS: EINVAL).
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int link(const char* from, const char* to) {
  (void)from, (void)to;
  errno = EPERM;
  return -1;
}

int linkat(int a, const char* from, int b, const char* to, int flags) {
  (void)a, (void)b, (void)flags;
  return link(from, to);
}

int renameat2(int a, const char* from, int b, const char* to, unsigned flags) {
  if (flags != 0 && getenv("WITHOUT_RENAME_NOREPLACE")) {
    errno = EINVAL;
    return -1;
  }
  return (int)syscall(SYS_renameat2, a, from, b, to, flags);
}
