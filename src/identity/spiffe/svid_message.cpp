#include "identity/spiffe/svid_message.h"

#include <array>
#include <cstdint>

#include "base/spiffe_source.h"
#include "base/text.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

// An agent gives a process a handful. An empty one has two bytes, and a message millions of them.
constexpr std::size_t max_svids = 1000;

[[noreturn]] void refuse_message(const std::string& why) {
  throw Error(ErrorKind::failed, why,
              "is this the Workload API of a SPIFFE agent? If so, its log may say more");
}

// One message in the encoding of Protocol Buffers: fields, each with its number and its type.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  struct Field {
    std::uint64_t number;
    std::string_view bytes;
    bool has_bytes;  // otherwise the field is a number, whose value nobody needs
  };

  bool at_end() const { return rest_.empty(); }

  Field next() {
    const std::uint64_t tag = varint();
    const std::uint64_t number = tag >> 3;
    if (number == 0 || number > largest_number) refuse_message("a field has no valid number");
    switch (tag & 7) {
      case 0:
        varint();
        return {number, {}, false};
      case 1:
        return {number, take(8), false};
      case 2:
        return {number, take(varint()), true};
      case 5:
        return {number, take(4), false};
      default:  // groups, which are obsolete, and types that do not exist
        refuse_message(cat("field ", number, " has the unknown type ", tag & 7));
    }
  }

 private:
  static constexpr std::uint64_t largest_number = (1U << 29) - 1;

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) refuse_message("a field is longer than its message");
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return part;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    refuse_message("a number has more than 64 bits");
  }

  std::string_view rest_;
};

// If a field is there twice, the last one counts, as Protocol Buffers require.
SvidFields read_svid(std::string_view bytes, std::size_t number) {
  SvidFields svid;
  const std::array<std::string_view*, 6> members = {nullptr,   &svid.id,     &svid.certificates,
                                                    &svid.key, &svid.bundle, &svid.hint};
  for (Fields fields(bytes); !fields.at_end();) {
    const Fields::Field field = fields.next();
    if (field.number >= members.size()) continue;
    if (!field.has_bytes) {
      refuse_message(cat("field ", field.number, " of SVID ", number, " has the wrong type"));
    }
    *members.at(field.number) = field.bytes;
  }
  struct Required {
    std::string_view value;
    const char* name;
  };
  for (const auto& [value, name] :
       {Required{svid.id, "SPIFFE ID"}, Required{svid.certificates, "certificate"},
        Required{svid.key, "private key"}, Required{svid.bundle, "trust bundle"}}) {
    if (value.empty()) refuse_message(cat("SVID ", number, " has no ", name));
  }
  if (!is_spiffe_id(svid.id)) {
    refuse_message(
        cat("the SPIFFE ID of SVID ", number, " is malformed: ", svid.id.substr(0, 200)));
  }
  return svid;
}

}  // namespace

std::vector<SvidFields> read_svid_message(std::string_view message) {
  constexpr std::uint64_t svids_field = 1;  // 2 are CRLs, 3 are bundles of other trust domains
  std::vector<SvidFields> svids;
  for (Fields fields(message); !fields.at_end();) {
    const Fields::Field field = fields.next();
    if (field.number != svids_field) continue;
    if (!field.has_bytes) refuse_message("field 1 has the wrong type");
    if (svids.size() == max_svids) refuse_message(cat("it has more than ", max_svids, " SVIDs"));
    svids.push_back(read_svid(field.bytes, svids.size() + 1));
  }
  return svids;
}

}  // namespace rolecall::identity
