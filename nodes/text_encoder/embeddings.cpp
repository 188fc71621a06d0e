#include "nodes/text_encoder/embeddings.h"

#include <fmt/format.h>

#include "assets/model_files.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/text/prompt.h"

namespace weft::text_encoder {
namespace {

constexpr const char* kFolder = "embeddings";

}  // namespace

Clip::EmbeddingFiles embedding_files(const RunContext& ctx) {
  return [&ctx](const std::string& name) -> std::optional<std::filesystem::path> {
    const auto& folders = ctx.environment().model_folders;
    for (const char* ending : {"", ".safetensors", ".pt", ".bin"})  // the last two are refused with what to do
      if (auto file = find_asset(folders, kFolder, name + ending)) return file;
    return std::nullopt;
  };
}

void warn_of(RunContext& ctx, const std::string& text) {
  const auto files = embedding_files(ctx);
  for (const std::string& name : sd::named_embeddings(text))
    if (!files(name))
      ctx.warn(
          fmt::format("there is no embedding '{0}': put {0}.safetensors in the model folder '{1}'", name, kFolder));
  for (const std::string& sentence : sd::prompt_warnings(text)) ctx.warn(sentence);
}

std::string embeddings_stamp(const RunContext& ctx) {
  std::string stamp;
  for (const Asset& file : list_assets(ctx.environment().model_folders, kFolder))
    if (!file.shadowed) stamp += file.name + " " + sd::file_stamp(file.path) + " ";
  return stamp;
}

}  // namespace weft::text_encoder
