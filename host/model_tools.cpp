#include "host/model_tools.h"

#include <fmt/format.h>

#include <boost/dll/shared_library.hpp>

#include "base/error.h"
#include "plugins/folders.h"

namespace weft::host {
namespace {

const ModelTools& open_tools() {
  const std::filesystem::path path = program_prefix() / "lib/libweft_sd.so";
  try {
    // Never closed: libtorch crashes when it is unloaded.
    static const auto* library = new boost::dll::shared_library(path.string(), boost::dll::load_mode::rtld_now);
    return *library->get<const ModelTools*()>("weft_model_tools")();
  } catch (const std::exception& error) {
    throw GraphError(Problem{.what = fmt::format("no model can be read without '{}': {}", path.string(), error.what()),
        .remedy = "install Weft again"});
  }
}

}  // namespace

const ModelTools& model_tools() {
  static const ModelTools& tools = open_tools();
  return tools;
}

}  // namespace weft::host
