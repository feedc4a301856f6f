// Finds access key ids of AWS in texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rolecall::doctor {

struct KeyId {
  std::string shown;    // the first and the last four characters: "AKIA…WXYZ"
  std::string account;  // 12 digits; empty if the id is too old to contain the account
  bool long_term;       // AKIA: valid until somebody deletes it. ASIA: temporary
  std::size_t line;     // in the text, from 1
};

// The access key ids in a text, without those of AWS's documentation, which end in EXAMPLE.
std::vector<KeyId> key_ids_in(std::string_view text);

// "AKIA…WXYZ of account 123456789012"
std::string key_id_text(const KeyId& id);

}  // namespace rolecall::doctor
