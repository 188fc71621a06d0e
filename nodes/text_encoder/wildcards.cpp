// text.wildcards: a text drawn from alternatives.
#include "nodes/sd/text/wildcards.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "assets/wildcard_files.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/text_encoder/nodes.h"

namespace weft::text_encoder {
namespace {

class Wildcards final : public Node {
  Param<std::string> text_{*this, "text",
      {.widget = Widget::Text,
          .tip = "{red|blue} is one of them, {3::red|blue} red three times as often, {2$$red|blue|green} two; __name__ "
                 "is a line of name.txt in the model folder 'wildcards'"}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed, .tip = "the same seed draws the same text"}};
  Output<std::string> result_{*this, "text", {.tip = "one of the texts that it can become"}};

  void run(RunContext& ctx) const override {
    std::map<std::string, std::vector<std::string>> known;
    const sd::WildcardLines lines = [&](const std::string& name) {
      const auto found = known.find(name);
      if (found != known.end()) return found->second;
      std::vector<std::string> read = wildcard_lines(find_wildcards(ctx.environment().model_folders, name));
      if (read.empty())
        ctx.warn(fmt::format("there is no wildcard '{0}': put {0}.txt in the model folder 'wildcards'", name));
      return known[name] = std::move(read);
    };
    std::mt19937_64 random(ctx[seed_]);
    const sd::DrawPlace draw = [&](const std::vector<double>& weights) {
      double sum = 0;
      for (const double weight : weights) sum += weight;
      double left = static_cast<double>(random() >> 11) * 0x1p-53 * sum;  // 53 bits, below the sum
      std::size_t last = 0;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] <= 0) continue;
        last = i;
        if ((left -= weights[i]) < 0) break;
      }
      return last;
    };
    std::string text = sd::drawn(sd::parse_template(ctx[text_]), lines, draw);
    ctx.note("text", text);
    ctx.set(result_, std::move(text));
  }

  std::string fingerprint(const RunContext& ctx) const override {
    std::string stamp;
    for (const auto& file : find_wildcards(ctx.environment().model_folders, "*"))
      stamp += file.string() + " " + sd::file_stamp(file) + " ";
    return stamp;
  }
};

}  // namespace

void add_wildcards(Registry& registry) {
  registry.add<Wildcards>("text.wildcards",
      {.title = "Wildcards",
          .menu = "Values/Text",
          .doc = "Draws one of the texts that a text with alternatives can become, as dynamicprompts writes them: "
                 "{2::a|b} by weight, {1-2$$ and $$a|b|c} several, __name__ or __folder/*__ a line of a file. "
                 "Alternatives and lines may hold others. What follows # in a line is a remark.",
          .lane = Lane::Io});
}

}  // namespace weft::text_encoder
