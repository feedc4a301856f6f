// The memory of OpenSSL in a command that soon ends.
#pragma once

namespace rolecall {

// malloc and free take a tenth of the instructions of a run, nearly all of them for OpenSSL. After
// this call, OpenSSL takes blocks from a list for their size, and returns them to it. The memory of
// a list is never given back, so this is not for servers. Call it before anything else of OpenSSL,
// and before the process has other threads; later, it has no effect.
void use_lists_for_openssl_memory();

}  // namespace rolecall
