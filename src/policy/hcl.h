// Writes expressions in the language of Terraform (HCL).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace rolecall::policy {

// The text in double quotes, in ASCII. "${" and "%{" would start a template, so they become "$${"
// and "%%{".
std::string hcl_string(std::string_view text);

// A reference such as var.role_name, as a part of a tree for hcl_value.
json hcl_reference(std::string_view reference);

// The tree as an expression of several lines, in the form of `terraform fmt`. The first line has no
// indent; the others have `indent` spaces or more.
std::string hcl_value(const json& value, std::size_t indent);

}  // namespace rolecall::policy
