// What this machine can do at best with OpenSSL: the parts of a run that no program can leave out.
//
//   limits sign COUNT KEY               signs COUNT times with the key in the file KEY
//   limits handshake COUNT PORT ROOT    COUNT TLS 1.3 handshakes with localhost:PORT, verified
//
// Prints for each time, but for a first one that is not counted, the wall clock's nanoseconds and
// the microseconds of CPU.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void need(int good, const char* what) {
  if (good) return;
  fprintf(stderr, "limits: %s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static void sign(EVP_PKEY* key) {
  unsigned char signature[512];
  size_t size = sizeof signature;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  need(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestSign(context, signature, &size, (const unsigned char*)"text", 4) == 1,
       "cannot sign");
  EVP_MD_CTX_free(context);
}

static void handshake(SSL_CTX* context, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  need(fd >= 0 && connect(fd, (struct sockaddr*)&address, sizeof address) == 0, "cannot connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  SSL* tls = SSL_new(context);
  need(SSL_set_tlsext_host_name(tls, "localhost") == 1 && SSL_set1_host(tls, "localhost") == 1 &&
           SSL_set_fd(tls, fd) == 1 && SSL_connect(tls) == 1,
       "no handshake");
  need(SSL_version(tls) == TLS1_3_VERSION, "not TLS 1.3");
  SSL_free(tls);
  close(fd);
}

int main(int argc, char** argv) {
  need(argc >= 4, "wrong arguments");
  const int count = atoi(argv[2]);
  EVP_PKEY* key = NULL;
  SSL_CTX* context = NULL;
  if (strcmp(argv[1], "sign") == 0) {
    FILE* file = fopen(argv[3], "r");
    need(file != NULL, "no key file");
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    need(key != NULL, "no key");
    fclose(file);
  } else {
    need(argc == 5, "wrong arguments");
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    need(SSL_CTX_load_verify_locations(context, argv[4], NULL) == 1, "no root");
  }
  for (int i = 0; i <= count; ++i) {
    const long long cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    const long long wall = nanoseconds(CLOCK_MONOTONIC);
    if (key != NULL) sign(key);
    if (context != NULL) handshake(context, atoi(argv[3]));
    if (i == 0) continue;
    printf("%lld %lld\n", nanoseconds(CLOCK_MONOTONIC) - wall,
           (nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1000);
  }
  return 0;
}
