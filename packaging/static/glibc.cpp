// In place of those functions of glibc that load the machine's libraries (modules of OpenSSL, NSS
// and iconv), which bring another C library into a process that has one. They are referred to, as
// OpenSSL's, c-ares' and libstdc++'s objects are linked whole; what is called is dlopen alone, by
// OpenSSL for what its configuration file names. Without them glibc's loader is not linked either.
#include <dlfcn.h>
#include <iconv.h>
#include <netdb.h>

extern "C" {

void* dlopen(const char* /*file*/, int /*mode*/) noexcept {
  return nullptr;
}

int dlclose(void* /*handle*/) noexcept {
  return -1;
}

void* dlsym(void* /*handle*/, const char* /*name*/) noexcept {
  return nullptr;
}

int dladdr(const void* /*address*/, Dl_info* /*info*/) noexcept {
  return 0;
}

int dlinfo(void* /*handle*/, int /*request*/, void* /*value*/) noexcept {
  return -1;
}

char* dlerror() noexcept {
  static char text[] = "a static program loads no libraries";
  return text;
}

// What glibc itself calls: for character sets that it does not have.

void* __libc_dlopen_mode(const char* /*file*/, int /*mode*/) {
  return nullptr;
}

void* __libc_dlsym(void* /*handle*/, const char* /*name*/) {
  return nullptr;
}

void* __libc_dlvsym(void* /*handle*/, const char* /*name*/, const char* /*version*/) {
  return nullptr;
}

int __libc_dlclose(void* /*handle*/) {
  return -1;
}

iconv_t iconv_open(const char* /*to*/, const char* /*from*/) {
  return reinterpret_cast<iconv_t>(-1);
}

size_t iconv(iconv_t /*handle*/, char** /*in*/, size_t* /*in_left*/, char** /*out*/,
             size_t* /*out_left*/) {
  return static_cast<size_t>(-1);
}

int iconv_close(iconv_t /*handle*/) {
  return -1;
}

int getaddrinfo(const char* /*name*/, const char* /*service*/, const addrinfo* /*hints*/,
                addrinfo** /*found*/) {
  return EAI_FAIL;
}

void freeaddrinfo(addrinfo* /*found*/) noexcept {}

int getnameinfo(const sockaddr* /*address*/, socklen_t /*size*/, char* /*name*/,
                socklen_t /*name_size*/, char* /*service*/, socklen_t /*service_size*/,
                int /*flags*/) {
  return EAI_FAIL;
}

hostent* gethostbyname(const char* /*name*/) {
  return nullptr;
}

servent* getservbyname(const char* /*name*/, const char* /*protocol*/) {
  return nullptr;
}

int getservbyport_r(int /*port*/, const char* /*protocol*/, servent* /*entry*/, char* /*buffer*/,
                    size_t /*size*/, servent** found) {
  *found = nullptr;
  return 0;
}
}
