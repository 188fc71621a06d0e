#include "editor/session/picture_codec.h"

#include <boost/dll/shared_library.hpp>

#include "base/error.h"
#include "editor/session/text.h"
#include "plugins/folders.h"

namespace weft::editor {
namespace {

const PictureCodec& open_codec() {
  const std::filesystem::path path = program_prefix() / "lib/weft/libweft_picture_codec.so";
  try {
    // Never closed: its libraries have threads.
    static const auto* library = new boost::dll::shared_library(path.string(), boost::dll::load_mode::rtld_now);
    return *library->get<const PictureCodec*()>("weft_picture_codec")();
  } catch (const std::exception& error) {
    throw GraphError(Problem{.what = tr_format("no picture can be read without '{}': {}", path.string(), error.what()),
        .remedy = tr("install Weft anew")});
  }
}

}  // namespace

const PictureCodec& picture_codec() {
  static const PictureCodec& codec = open_codec();
  return codec;
}

}  // namespace weft::editor
