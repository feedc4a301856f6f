// Prints the results of rolecall doctor.
#pragma once

#include <string>
#include <vector>

#include "doctor/check.h"

namespace rolecall::cli {

// As text, prints each result at once, because later checks may take a while. As JSON, prints
// everything at the end.
class DoctorReport {
 public:
  DoctorReport(bool is_json, bool has_several) : is_json_(is_json), has_several_(has_several) {}

  // The next results are those of this binding, whose name may be empty.
  void begin(const std::string& binding);
  void add(doctor::Check check);
  // Returns the worst status.
  doctor::Status finish() const;

 private:
  struct Part {
    std::string binding;
    std::vector<doctor::Check> checks;
  };
  bool is_json_;
  bool has_several_;
  std::vector<Part> parts_;
};

}  // namespace rolecall::cli
