/* A libcuda.so.1 that answers cuInit as FAKE_CUDA says: a code, "hang" or "crash"; FAKE_CUDA_VERSION is the CUDA it claims (12020 is 12.2). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cuInit(unsigned flags) {
  const char *said = getenv("FAKE_CUDA");
  (void)flags;
  if (said && !strcmp(said, "hang")) for (;;) pause();
  if (said && !strcmp(said, "crash")) abort();
  return said ? atoi(said) : 0;
}

int cuDriverGetVersion(int *version) {
  const char *said = getenv("FAKE_CUDA_VERSION");
  *version = said ? atoi(said) : 12020;
  return 0;
}

int cuDeviceGetCount(int *count) {
  const char *said = getenv("FAKE_CUDA_CARDS");
  *count = said ? atoi(said) : 1;
  return 0;
}

int cuGetErrorString(int code, const char **text) {
  (void)code;
  *text = "as the driver words it";
  return 0;
}
