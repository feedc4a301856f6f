// What a certificate or a key is read from. A text is interpreted once, here: everything else asks
// a Source.
#pragma once

#include <string>
#include <string_view>

namespace rolecall {

class Source {
 public:
  enum class Kind {
    none,    // the text is empty
    file,    // a path; "./-" is a file whose name is "-"
    stream,  // "-", which is standard input, or "fd:N", the open descriptor N
    token,   // a pkcs11: URI (RFC 7512)
    tpm,     // "handle:0x…", the persistent handle of a key in the TPM
  };

  Source() = default;
  // Not explicit, so that a path can be assigned to a member of IdentityOptions. Opens nothing.
  // Throws Error (usage) if "fd:" is not followed by a number.
  Source(std::string text);                                // NOLINT(google-explicit-constructor)
  Source(const char* text) : Source(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  // Without an exception: also "fd:x" is a stream.
  static Kind kind_of(std::string_view text);

  Kind kind() const noexcept { return kind_; }
  bool empty() const noexcept { return kind_ == Kind::none; }

  // The text as it was given. The URI of a token may contain a PIN: messages use name().
  const std::string& text() const noexcept { return text_; }

  // The number of a stream's descriptor; -1 for every other kind.
  int descriptor() const noexcept { return descriptor_; }

  // For messages, and without a PIN: "leaf.pem", "- (standard input)".
  std::string name() const;

  // Whether the same bytes can be read a second time: not from a stream, and not from a path that
  // is a pipe at this moment.
  bool can_be_read_again() const;

  // What the file system says about a file without opening it (see file_stamp). Empty if that
  // fails, and for every other kind.
  std::string stamp() const;

  // Two texts for one descriptor are equal; two paths of one file are not.
  friend bool operator==(const Source& a, const Source& b) {
    return a.kind_ == b.kind_ &&
           (a.kind_ == Kind::stream ? a.descriptor_ == b.descriptor_ : a.text_ == b.text_);
  }

 private:
  std::string text_;
  Kind kind_ = Kind::none;
  int descriptor_ = -1;
};

}  // namespace rolecall
