#include "nodes/text_encoder/dialects.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "nodes/sd/text/a1111_prompt.h"
#include "nodes/sd/text/a1111_schedule.h"
#include "nodes/sd/text/compel_prompt.h"
#include "nodes/text_encoder/embeddings.h"

namespace weft::text_encoder {
namespace {

constexpr std::size_t kMostTexts = 256;  // that one prompt becomes in the course of sampling

void warn_of_tags(RunContext& ctx, const std::vector<sd::NetworkTag>& tags) {
  for (const sd::NetworkTag& tag : tags)
    ctx.warn(tag.kind == "lora" || tag.kind == "lyco"
            ? fmt::format("the LoRA '{}' is not applied by the text: use Load LoRA (model.lora)", tag.name)
            : fmt::format("<{}:{}> has no effect and is left out of the text", tag.kind, tag.name));
}

/// One text for each time of sampling, each encoded once.
class Encoded {
 public:
  Encoded(RunContext& ctx, const Clip& clip) : ctx_(ctx), clip_(clip) {}

  const sd::ConditioningEntries& of(const std::string& text) {
    const auto known = entries_.find(text);
    if (known != entries_.end()) return known->second;
    if (entries_.size() == kMostTexts)
      throw NodeError(fmt::format("the text has more than {} forms in the course of sampling", kMostTexts),
          "use fewer alternatives that take turns");
    ctx_.progress(static_cast<std::int64_t>(entries_.size()), static_cast<std::int64_t>(entries_.size()) + 1);
    std::vector<std::string> runs;
    for (const sd::EmphasisRun& run : sd::parse_emphasis(text)) runs.push_back(run.text);
    warn_of_missing(ctx_, runs);
    auto encoded = clip_.encode(text, ctx_.memory(), embedding_files(ctx_), sd::Dialect::A1111);
    return entries_[text] = std::move(encoded.entries);
  }

 private:
  RunContext& ctx_;
  const Clip& clip_;
  std::map<std::string, sd::ConditioningEntries> entries_;
};

Conditioning encode_a1111(RunContext& ctx, const Clip& clip, const std::string& written, std::int64_t steps) {
  std::vector<sd::NetworkTag> tags;
  const auto prompts = sd::split_composed(sd::without_tags(written, tags));
  warn_of_tags(ctx, tags);
  if (prompts.size() == 1 && prompts[0].weight != 1)
    ctx.warn(fmt::format(
        "':{:g}' at the end makes the whole text count {:g} times, as with AND", prompts[0].weight, prompts[0].weight));
  Encoded encoded(ctx, clip);
  Conditioning conditioning;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    auto texts = sd::prompt_schedule(prompts[i].text, steps);
    // Steps that follow each other with one text are one entry.
    for (std::size_t k = texts.size(); k-- > 1;)
      if (texts[k].text == texts[k - 1].text) texts.erase(texts.begin() + static_cast<std::ptrdiff_t>(k - 1));
    std::int64_t before = 0;
    for (const sd::ScheduledText& text : texts) {
      for (sd::ConditioningEntry entry : encoded.of(text.text)) {
        entry.composed = {static_cast<std::int64_t>(i), prompts[i].weight};
        if (texts.size() > 1) {
          entry.range_in_steps = true;
          entry.start_percent = static_cast<double>(before) / static_cast<double>(steps);
          entry.end_percent = static_cast<double>(text.last_step) / static_cast<double>(steps);
        }
        conditioning.entries.push_back(std::move(entry));
      }
      before = text.last_step;
    }
  }
  return conditioning;
}

Conditioning encode_compel(RunContext& ctx, const Clip& clip, const std::string& text) {
  const sd::CompelPrompt prompt = sd::parse_compel(text);
  std::vector<std::string> runs;
  for (const auto& each : prompt.prompts)
    for (const sd::WeightedText& run : each) runs.push_back(run.text);
  warn_of_missing(ctx, runs);
  for (const std::string& sentence : prompt.warnings) ctx.warn(sentence);
  return clip.encode(text, ctx.memory(), embedding_files(ctx), sd::Dialect::Compel);
}

}  // namespace

std::vector<std::string> dialect_names() { return {"comfyui", "a1111", "compel"}; }

sd::Dialect dialect_named(const std::string& name) {
  const std::vector<std::string> names = dialect_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) throw NodeError(fmt::format("there is no dialect '{}'", name), "choose one of the list");
  return static_cast<sd::Dialect>(found - names.begin());
}

Conditioning encode_in(
    sd::Dialect dialect, RunContext& ctx, const Clip& clip, const std::string& text, std::int64_t steps) {
  switch (dialect) {
    case sd::Dialect::A1111:
      return encode_a1111(ctx, clip, text, steps);
    case sd::Dialect::Compel:
      return encode_compel(ctx, clip, text);
    case sd::Dialect::ComfyUI:
      break;
  }
  warn_of(ctx, text);
  return clip.encode(text, ctx.memory(), embedding_files(ctx));
}

}  // namespace weft::text_encoder
