#include "sandbox/landlock.h"

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/descriptor.h"

namespace rolecall::sandbox {
namespace {

// From linux/landlock.h, which the headers of Debian 12 have only in part.
struct RulesetAttributes {
  std::uint64_t files;
  std::uint64_t network;  // since version 4
  std::uint64_t scoped;   // since version 6
};
struct __attribute__((packed)) PathRule {
  std::uint64_t allowed;
  std::int32_t parent;
};
constexpr long create_ruleset = 444;
constexpr long add_rule = 445;
constexpr long restrict_self = 446;
constexpr unsigned give_version = 1;
constexpr int path_rule = 1;
constexpr int most_links = 40;  // as in the kernel

constexpr std::uint64_t write_file = 1U << 1;
constexpr std::uint64_t read_file = 1U << 2;
constexpr std::uint64_t read_directory = 1U << 3;
constexpr std::uint64_t remove_directory = 1U << 4;
constexpr std::uint64_t remove_file = 1U << 5;
constexpr std::uint64_t make_directory = 1U << 7;
constexpr std::uint64_t make_file = 1U << 8;
constexpr std::uint64_t make_link = 1U << 12;
constexpr std::uint64_t rename_elsewhere = 1U << 13;  // since version 2
constexpr std::uint64_t truncate_file = 1U << 14;     // since version 3
constexpr std::uint64_t ioctl_device = 1U << 15;      // since version 5
constexpr std::uint64_t bind_tcp = 1U << 0;           // since version 4
constexpr std::uint64_t signal_others = 1U << 1;      // since version 6

constexpr std::uint64_t reading = read_file | read_directory;
constexpr std::uint64_t writing = reading | write_file | remove_directory | remove_file |
                                  make_directory | make_file | make_link | rename_elsewhere |
                                  truncate_file;
constexpr std::uint64_t of_files =
    write_file | read_file | truncate_file | ioctl_device;  // for what is no directory

// What the C library, OpenSSL and libcurl read in every program: names, roots, time zones, modules.
// Not single files, because most are replaced while this process runs.
constexpr std::array system_directories = {"/etc",
                                           "/usr",
                                           "/lib",
                                           "/lib32",
                                           "/lib64",
                                           "/nix/store",
                                           "/gnu/store",
                                           "/proc",
                                           "/sys/devices/system/cpu",
                                           "/run/systemd/resolve",
                                           "/run/resolvconf",
                                           "/run/NetworkManager",
                                           "/run/nscd",
                                           "/var/cache/nscd",
                                           "/var/lib/sss",
                                           "/var/lib/ca-certificates"};
// Some systems have these as links to other places: WSL has /mnt/wsl/resolv.conf.
constexpr std::array system_files = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
                                     "/etc/localtime", "/etc/ssl/certs/ca-certificates.crt"};
constexpr std::array system_devices = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom",
                                       "/dev/tty"};

int version() {
  return static_cast<int>(syscall(create_ruleset, nullptr, 0, give_version));
}

std::uint64_t rights_known_to(int version) {
  std::uint64_t rights = (1U << 13) - 1;
  if (version >= 2) rights |= rename_elsewhere;
  if (version >= 3) rights |= truncate_file;
  if (version >= 5) rights |= ioctl_device;
  return rights;
}

// Where an update of `current` -> `versions/1` makes `versions/2`; empty if the path is no link.
std::string directory_of_versions(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::is_symlink(directory, error)) return {};
  const std::filesystem::path target = std::filesystem::canonical(directory, error);
  const std::filesystem::path above = target.parent_path();
  return above.has_relative_path() ? above.string() : std::string();
}

// The directory of a file, or the directory itself. If it does not exist yet: the nearest one
// above.
std::string existing_directory(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path found = std::filesystem::absolute(path, ignored);
  while (!std::filesystem::is_directory(found, ignored) && found.has_relative_path())
    found = found.parent_path();
  return found.string();
}

// Of those that are loaded: others are loaded later, from the same places.
std::set<std::string> directories_of_libraries() {
  std::set<std::string> found;
  const auto add = [](dl_phdr_info* library, std::size_t, void* set) {
    const std::filesystem::path path(library->dlpi_name);
    if (path.is_absolute())
      static_cast<std::set<std::string>*>(set)->insert(path.parent_path().string());
    return 0;
  };
  dl_iterate_phdr(add, &found);
  return found;
}

class Ruleset {
 public:
  explicit Ruleset(int version) : rights_(rights_known_to(version)) {
    const RulesetAttributes attributes{rights_, bind_tcp, signal_others};
    const std::size_t size = version >= 6   ? sizeof attributes
                             : version >= 4 ? offsetof(RulesetAttributes, scoped)
                                            : offsetof(RulesetAttributes, network);
    descriptor_ = Descriptor(static_cast<int>(syscall(create_ruleset, &attributes, size, 0)));
  }

  // What does not exist is left out.
  void allow(const std::string& path, std::uint64_t rights) {
    const Descriptor place(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat info {};
    if (!place.is_open() || fstat(place.fd(), &info) != 0) return;
    if (!S_ISDIR(info.st_mode)) rights &= of_files;
    const PathRule rule{rights & rights_, place.fd()};
    syscall(add_rule, descriptor_.fd(), path_rule, &rule, 0);
  }

  // The directory of the path and, if it is a link, that of its target, which need not exist yet.
  void allow_place(const std::string& path, std::uint64_t rights) {
    allow(existing_directory(path), rights);
    std::error_code error;
    std::filesystem::path target(path);
    for (int links = 0; links < most_links && std::filesystem::is_symlink(target, error); ++links)
      target = target.parent_path() / std::filesystem::read_symlink(target, error);
    target = std::filesystem::weakly_canonical(target, error);
    if (!error) allow(existing_directory(target), rights);
  }

  // If the directory is a link, it can become a link to another one beside its target.
  void allow_versions(const std::string& path, std::uint64_t rights) {
    const std::string versions = directory_of_versions(existing_directory(path));
    if (!versions.empty()) allow(versions, rights);
  }

  bool restrict_this_thread() const {
    return descriptor_.is_open() && syscall(restrict_self, descriptor_.fd(), 0) == 0;
  }

 private:
  std::uint64_t rights_;
  Descriptor descriptor_;
};

}  // namespace

std::string limit_files(const std::vector<std::string>& read,
                        const std::vector<std::string>& written) {
  const int known = version();
  if (known < 1) return no_landlock;
  Ruleset rules(known);
  for (const char* directory : system_directories)
    rules.allow(directory, reading);
  for (const char* file : system_files)
    rules.allow_place(file, reading);
  for (const std::string& directory : directories_of_libraries())
    rules.allow(directory, reading);
  for (const char* device : system_devices)
    rules.allow(device, of_files);
  for (const std::string& path : read) {
    rules.allow_place(path, reading);
    rules.allow_versions(path, reading);
  }
  for (const std::string& path : written)
    rules.allow_place(path, writing);
  return rules.restrict_this_thread() ? "" : std::strerror(errno);
}

bool kernel_limits_files() {
  return version() >= 1;
}

}  // namespace rolecall::sandbox
