#include "host/picture_codec.h"

#include <fmt/format.h>

#include <boost/dll/shared_library.hpp>

#include "base/error.h"
#include "plugins/folders.h"

namespace weft::host {
namespace {

const pictures::PictureCodec& open_codec() {
  const std::filesystem::path path = program_prefix() / "lib/weft/libweft_picture_codec.so";
  try {
    // Never closed: its libraries have threads.
    static const auto* library = new boost::dll::shared_library(path.string(), boost::dll::load_mode::rtld_now);
    return *library->get<const pictures::PictureCodec*()>("weft_picture_codec")();
  } catch (const std::exception& error) {
    throw GraphError(
        Problem{.what = fmt::format("no picture can be read without '{}': {}", path.string(), error.what()),
            .remedy = "install Weft again"});
  }
}

}  // namespace

const pictures::PictureCodec& picture_codec() {
  static const pictures::PictureCodec& codec = open_codec();
  return codec;
}

}  // namespace weft::host
