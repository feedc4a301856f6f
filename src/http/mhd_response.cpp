#include "http/mhd_response.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace rolecall::http {
namespace {

// A body that ends before its promised length.
struct TruncatedBody {
  Secret bytes;
  std::size_t end;
};

ssize_t read_truncated_body(void* closure, std::uint64_t position, char* buffer, std::size_t size) {
  const auto* body = static_cast<const TruncatedBody*>(closure);
  if (position >= body->end) return MHD_CONTENT_READER_END_WITH_ERROR;
  const auto at = static_cast<std::size_t>(position);
  const std::size_t count = std::min(size, body->end - at);
  std::memcpy(buffer, body->bytes.view().data() + at, count);
  return static_cast<ssize_t>(count);
}

// For libmicrohttpd, which frees a body by a function.
template <class Body>
void delete_body(void* body) {
  delete static_cast<Body*>(body);
}

}  // namespace

MhdResponsePtr make_mhd_response(Response response) {
  MhdResponsePtr made;
  const std::size_t size = response.body.size();
  if (response.truncate_after && *response.truncate_after < size) {
    auto body = std::make_unique<TruncatedBody>(
        TruncatedBody{std::move(response.body), *response.truncate_after});
    made.reset(microhttpd().create_response_from_callback(size, 4096, read_truncated_body,
                                                          body.get(), delete_body<TruncatedBody>));
    if (made) static_cast<void>(body.release());
  } else if (response.shared_body) {
    using SharedBody = std::shared_ptr<const Secret>;
    auto body = std::make_unique<SharedBody>(std::move(response.shared_body));
    made.reset(microhttpd().create_response_from_buffer_with_free_callback_cls(
        (*body)->size(), const_cast<char*>((*body)->view().data()), delete_body<SharedBody>,
        body.get()));
    if (made) static_cast<void>(body.release());
  } else {
    auto body = std::make_unique<Secret>(std::move(response.body));
    made.reset(microhttpd().create_response_from_buffer_with_free_callback_cls(
        size, body->data(), delete_body<Secret>, body.get()));
    if (made) static_cast<void>(body.release());
  }
  if (!made) throw std::bad_alloc();
  for (const Header& header : response.headers)
    microhttpd().add_response_header(made.get(), header.name.c_str(), header.value.c_str());
  return made;
}

}  // namespace rolecall::http
