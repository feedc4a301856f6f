// In place of those functions of glibc that load the machine's libraries (modules, NSS and iconv),
// which bring another C library into a process that has one. OpenSSL, c-ares, libstdc++ and our own
// code refer to them where nothing of this program comes. Without them glibc's loader is not linked
// either.
#include <dlfcn.h>
#include <iconv.h>
#include <netdb.h>

#include <cstdlib>

// libstdc++'s prints the exception that nobody caught, with a demangler of 47 kB. main catches all.
namespace __gnu_cxx {
void __verbose_terminate_handler() {
  std::abort();
}
}  // namespace __gnu_cxx

extern "C" {

void* dlopen(const char* /*file*/, int /*mode*/) noexcept {
  return nullptr;
}

int dlclose(void* /*handle*/) noexcept {
  return -1;
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

int getservbyname_r(const char* /*name*/, const char* /*protocol*/, servent* /*entry*/,
                    char* /*buffer*/, size_t /*size*/, servent** found) {
  *found = nullptr;
  return 0;
}

int getservbyport_r(int /*port*/, const char* /*protocol*/, servent* /*entry*/, char* /*buffer*/,
                    size_t /*size*/, servent** found) {
  *found = nullptr;
  return 0;
}
}
