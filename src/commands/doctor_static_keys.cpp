// rolecall doctor: access keys that never expire, in the places where people leave them.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>

#include "aws_files/config_profile.h"
#include "aws_files/credentials_file.h"
#include "base/codec.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "commands/aws_files.h"
#include "commands/child_environment.h"
#include "commands/doctor.h"
#include "doctor/key_ids.h"
#include "doctor/scan.h"
#include "options/environment.h"

namespace rolecall::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* hint_after_removal =
    "; when nothing uses the key any more, deactivate it in IAM (aws iam update-access-key), and "
    "delete it later";

// Below the home directory of each user; only root looks at those of other users.
constexpr std::array places_in_home = {".aws/credentials",
                                       ".aws/config",
                                       ".bashrc",
                                       ".bash_profile",
                                       ".profile",
                                       ".zshrc",
                                       ".zshenv",
                                       ".zprofile",
                                       ".env",
                                       ".s3cfg",
                                       ".boto",
                                       ".config/rclone/rclone.conf",
                                       ".rclone.conf",
                                       ".passwd-s3fs",
                                       ".netrc",
                                       ".config/environment.d",
                                       ".pam_environment",
                                       ".mc/config.json"};

// Below the root directory.
constexpr std::array places_of_system = {"etc/environment",
                                         "etc/environment.d",
                                         "etc/profile",
                                         "etc/profile.d",
                                         "etc/bash.bashrc",
                                         "etc/zsh",
                                         "etc/default",
                                         "etc/sysconfig",
                                         "etc/boto.cfg",
                                         "etc/passwd-s3fs",
                                         "etc/rclone.conf",
                                         "etc/systemd/system",
                                         "usr/local/lib/systemd/system"};

// Folders in which each folder can be a project of compose, with a file .env.
constexpr std::array places_of_projects = {"/opt", "/srv"};

class StaticKeys {
 public:
  void add(const std::string& location, const doctor::KeyId& id, const std::string& hint) {
    if (!locations_.insert(location + id.shown).second) return;
    if (!id.long_term) {
      ++temporary_;
    } else {
      findings_.warn(cat("static key ", doctor::key_id_text(id), " in ", location), hint);
    }
  }

  // A file of AWS's, in which each key belongs to a profile.
  void add_aws_file(const FileRole& role, const std::string& path) {
    if (is_null_device(path)) return;
    const Secret text = read_text_file(role, path);
    if (text.empty()) return;
    const std::vector<aws::IniSection> sections = aws::ini_sections(text.view());
    searched_.insert(path);
    for (const doctor::KeyId& id : doctor::key_ids_in(text.view())) {
      const aws::IniSection* section = nullptr;
      for (const aws::IniSection& one : sections)
        if (one.line <= id.line) section = &one;
      std::string profile = section == nullptr ? "" : section->name;
      if (profile.starts_with("profile ")) profile.erase(0, std::string_view("profile ").size());
      add(cat(path, ", line ", id.line), id, hint_for_profile(profile.empty() ? "NAME" : profile));
    }
  }

  void add_environment() {
    for (const auto& [name, row] : other_variables_in_effect()) {
      for (const doctor::KeyId& id : doctor::key_ids_in(environment(name.c_str())))
        add("variable " + name + " of the environment", id,
            cat("find out what sets ", name, ", and remove the variable there",
                hint_after_removal));
    }
  }

  void add(const doctor::Scan& scan) {
    for (const doctor::FoundKey& key : scan.found()) {
      if (searched_.contains(key.path)) continue;
      add(cat(terminal_safe(key.path), ", line ", key.id.line), key.id,
          cat("remove the key from ", terminal_safe(key.path), hint_after_removal));
    }
    searched_files_ += scan.files();
    if (const std::string left_out = scan.left_out(); !left_out.empty()) findings_.fact(left_out);
  }

  void fail_to_read(const Error& error) { findings_.warn(error.what(), error.hint()); }

  doctor::Check check() {
    if (locations_.empty() || locations_.size() == temporary_)
      findings_.fact("no static key found");
    if (temporary_ > 0) findings_.fact(cat(temporary_, " temporary (ASIA…)"));
    std::vector<std::string> searched = {"the environment"};
    if (!searched_.empty())
      searched.push_back(searched_.size() == 1 ? "1 file of AWS"
                                               : cat(searched_.size(), " files of AWS"));
    if (searched_files_ > 0)
      searched.push_back(searched_files_ == 1 ? "1 other file"
                                              : cat(searched_files_, " other files"));
    findings_.fact("searched: " + list_text(searched, "and"));
    return findings_.check("static-keys");
  }

 private:
  // configure takes over the options of a line of rolecall, and needs options for any other
  // profile.
  std::string hint_for_profile(const std::string& profile) const {
    const bool has_line = std::find(profiles_.begin(), profiles_.end(), profile) != profiles_.end();
    return cat("run rolecall configure --profile ", shell_word(profile),
               has_line ? " --remove-static-keys, which removes the key from AWS's files"
                        : " --binding BINDING --remove-static-keys, which gives the profile "
                          "credentials from rolecall, and removes the key from AWS's files",
               hint_after_removal);
  }

  doctor::Findings findings_;
  const std::vector<std::string> profiles_ = profiles_with_line();
  std::set<std::string> locations_;
  std::set<std::string> searched_;  // files of AWS
  std::size_t searched_files_ = 0;
  std::size_t temporary_ = 0;
};

// /etc/passwd is read as a file, because the user database may ask a server.
std::set<std::string> home_directories() {
  std::set<std::string> homes;
  std::ifstream file("/etc/passwd");
  for (std::string line; std::getline(file, line);) {
    for (int field = 0; field < 5 && !line.empty(); ++field)
      line.erase(0, line.find(':') == std::string::npos ? line.size() : line.find(':') + 1);
    const std::string home = line.substr(0, line.find(':'));
    if (home.starts_with('/') && home.size() > 1) homes.insert(home);
  }
  return homes;
}

// Only root writes these files, so that their paths can be trusted. Their links are not followed.
std::vector<std::string> environment_files_of_units() {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator at("/etc/systemd/system", error), end; !error && at != end;
       at.increment(error)) {
    if (!fs::is_regular_file(at->symlink_status(error))) continue;
    std::ifstream unit(at->path());
    for (std::string line; std::getline(unit, line);) {
      constexpr std::string_view key = "EnvironmentFile=";
      if (!line.starts_with(key)) continue;
      std::string path(trim(std::string_view(line).substr(key.size())));
      if (path.starts_with('-')) path.erase(0, 1);
      if (path.starts_with('/') && path.find('%') == std::string::npos) paths.push_back(path);
    }
  }
  return paths;
}

void search_usual_places(doctor::Scan& scan) {
  for (const std::string& home : home_directories())
    for (const char* place : places_in_home)
      scan.add_below(home, place);
  for (const char* place : places_of_system)
    scan.add_below("/", place);
  for (const std::string& path : environment_files_of_units())
    scan.add_below("/", path.substr(1));
  for (const char* folder : places_of_projects) {
    std::error_code error;
    for (const fs::directory_entry& project : fs::directory_iterator(folder, error))
      scan.add_below(folder, project.path().filename().string() + "/.env");
  }
}

}  // namespace

doctor::Check check_static_keys(const std::string& directory) {
  StaticKeys keys;
  keys.add_environment();
  for (const auto& [role, find] : {std::pair(&aws::credentials_file_role, &aws_credentials_path),
                                   std::pair(&aws::config_file_role, &aws_config_path)}) {
    try {
      keys.add_aws_file(*role, find(FileUse::reading));
    } catch (const Error& error) {
      keys.fail_to_read(error);
    }
  }
  if (geteuid() == 0) {
    doctor::Scan scan;
    search_usual_places(scan);
    keys.add(scan);
  }
  if (!directory.empty()) {
    doctor::Scan scan;
    scan.add(directory);
    keys.add(scan);
  }
  return keys.check();
}

}  // namespace rolecall::cli
