// Where a certificate or a key is read from. The text of an option is interpreted only here; all
// other code asks a Source.
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
    // "spiffe:unix:///PATH" or "spiffe:tcp://127.0.0.1:PORT", a SPIFFE agent, which gives a
    // certificate, its chain and its key; "?hint=NAME" or "?id=spiffe://…" after it chooses one of
    // several. "spiffe:" and "spiffe://ID" name no agent: the library reads no variable
    // SPIFFE_ENDPOINT_SOCKET.
    spiffe,
  };

  Source() = default;
  // Not explicit, so that a path can be assigned to a member of IdentityOptions. Opens nothing.
  // Throws Error (usage) if "fd:" is not followed by a number, or "spiffe:" by anything else than
  // the forms above.
  Source(std::string text);                                // NOLINT(google-explicit-constructor)
  Source(const char* text) : Source(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  // Throws nothing: for "fd:x", too, it returns `stream`, and for "spiffe:x" `spiffe`.
  static Kind kind_of(std::string_view text);

  Kind kind() const noexcept { return kind_; }
  bool empty() const noexcept { return kind_ == Kind::none; }

  // The text as it was given. The URI of a token may contain a PIN, so messages must use name().
  const std::string& text() const noexcept { return text_; }

  // The descriptor of a stream; -1 for every other kind.
  int descriptor() const noexcept { return descriptor_; }

  // The name for messages, without a PIN: "leaf.pem", "- (standard input)".
  std::string name() const;

  // Whether the same bytes can be read a second time. False for a stream, and for a path that
  // currently names a pipe.
  bool can_be_read_again() const;

  // Device, inode, size and times of a file (file_stamp in base/files.h). The file is not opened.
  // Empty if these cannot be read, and for every other kind.
  std::string stamp() const;

  // Two texts for the same descriptor are equal. Two paths of the same file are not equal.
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
