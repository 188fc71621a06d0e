#include "nodes/sd/files/share_file.h"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/runtime_symbol_info.hpp>

namespace weft::sd {

std::filesystem::path share_file(std::string_view name) {
  // lib/libweft_sd.so stands beside share/weft/.
  return boost::dll::this_line_location().parent_path().parent_path() / "share/weft" / name;
}

}  // namespace weft::sd
