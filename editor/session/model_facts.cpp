#include "editor/session/model_facts.h"

#include "base/error.h"
#include "base/foreign_json.h"
#include "base/text_file.h"
#include "editor/session/json_read.h"

namespace weft::editor {
namespace {

nlohmann::json config_in(const std::filesystem::path& folder) {
  std::error_code none;
  const std::filesystem::path file = folder / "config.json";
  if (!std::filesystem::is_regular_file(file, none)) return nullptr;
  try {
    return foreign_json_or_null(read_text_file(file));
  } catch (const GraphError&) {
    return nullptr;
  }
}

}  // namespace

std::optional<std::int64_t> native_size(const std::filesystem::path& model) {
  constexpr std::int64_t kMost = 4096;
  const nlohmann::json levels = read_member(config_in(model / "vae"), "block_out_channels");
  const double latent = read_number(config_in(model / "unet"), "sample_size", 0);
  if (!levels.is_array() || levels.empty() || levels.size() > 8 || latent < 1 || latent > kMost) return std::nullopt;
  const std::int64_t size = static_cast<std::int64_t>(latent) << (levels.size() - 1);
  return size <= kMost ? std::optional(size) : std::nullopt;
}

}  // namespace weft::editor
