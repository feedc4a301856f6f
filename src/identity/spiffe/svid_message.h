// The message X509SVIDResponse of the SPIFFE Workload API, which is in the encoding of Protocol
// Buffers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rolecall::identity {

// The views are parts of the message.
struct SvidFields {
  std::string_view id;            // spiffe_id
  std::string_view certificates;  // x509_svid: DER, one after the other, the leaf first
  std::string_view key;           // x509_svid_key: PKCS#8 in DER, not encrypted
  std::string_view bundle;        // the CA certificates of the trust domain, which are not used
  std::string_view hint;          // UTF-8; may be empty
};

// Returns the SVIDs in the order of the message. Skips unknown fields. Throws Error (failed) if the
// message is malformed, if an SVID lacks a field that it must have, or if there are too many. The
// error continues a sentence that names the agent: "SVID 2 has no certificate".
std::vector<SvidFields> read_svid_message(std::string_view message);

}  // namespace rolecall::identity
