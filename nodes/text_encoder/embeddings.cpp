#include "nodes/text_encoder/embeddings.h"

#include <fmt/format.h>

#include <algorithm>

#include "assets/model_files.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/text/prompt_chunks.h"

namespace weft::text_encoder {
namespace {

constexpr const char* kFolder = "embeddings";

}  // namespace

Clip::EmbeddingFiles embedding_files(const RunContext& ctx) {
  return [&ctx](const std::string& name) { return find_embedding(ctx.environment().model_folders, name); };
}

void warn_of_missing(RunContext& ctx, const std::vector<std::string>& runs) {
  const auto files = embedding_files(ctx);
  std::vector<std::string> warned;
  for (const std::string& run : runs)
    for (const sd::PromptPiece& piece : sd::pieces_of(run)) {
      const std::string name(piece.text);
      if (!piece.is_name || std::ranges::find(warned, name) != warned.end() || files(name)) continue;
      warned.push_back(name);
      ctx.warn(
          fmt::format("there is no embedding '{0}': put {0}.safetensors in the model folder '{1}'", name, kFolder));
    }
}

void warn_of(RunContext& ctx, const std::string& text) {
  std::vector<std::string> runs;
  for (sd::WeightedText& run : sd::parse_weights(text)) runs.push_back(std::move(run.text));
  warn_of_missing(ctx, runs);
  for (const std::string& sentence : sd::prompt_warnings(text)) ctx.warn(sentence);
}

std::string embeddings_stamp(const RunContext& ctx) {
  std::string stamp;
  for (const Asset& file : list_assets(ctx.environment().model_folders, kFolder))
    if (!file.shadowed) stamp += file.name + " " + sd::file_stamp(file.path) + " ";
  return stamp;
}

}  // namespace weft::text_encoder
