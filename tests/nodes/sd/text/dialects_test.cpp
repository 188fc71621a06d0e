// Prompts of AUTOMATIC1111's web UI and of compel, against what these make of them (tests/reference/make_prompt_golden.py).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "nodes/sd/text/a1111_prompt.h"
#include "nodes/sd/text/a1111_schedule.h"
#include "nodes/sd/text/compel_prompt.h"
#include "tests/nodes/clip_tokenizer.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

const json& expected() {
  static const json file = json::parse(std::ifstream(golden("prompts.json")));
  return file;
}

const TextEncoder& encoder() {
  static const TextEncoder made = [] {
    TextEncoderConfig config = small_model().text;
    config.vocab = 49408;
    config.eos_id = 49407;
    return TextEncoder(config, Weights(std::make_shared<SeededSource>()));
  }();
  return made;
}

/// A digest: length, norm, every 173rd number.
void expect_context(const at::Tensor& context, const json& digest) {
  ASSERT_EQ(context.size(1), digest[0].get<std::int64_t>());
  const double norm = digest[1];
  EXPECT_NEAR(context.norm().item<double>(), norm, 1e-5 * norm);
  const at::Tensor numbers = context.flatten().slice(0, 0, context.numel(), 173).to(at::kDouble);
  ASSERT_EQ(numbers.numel() + 2, static_cast<std::int64_t>(digest.size()));
  std::vector<double> wanted;
  for (std::size_t i = 2; i < digest.size(); ++i) wanted.push_back(digest[i]);
  const at::Tensor reference = at::tensor(wanted, at::kDouble);
  EXPECT_LT(((numbers - reference).norm() / reference.norm()).item<double>(), 1e-5);
}

TEST(A1111Prompt, EmphasisIsTheWebUIs) {
  for (const auto& [text, runs] : expected()["a1111"]["emphasis"].items()) {
    SCOPED_TRACE(text);
    const auto found = parse_emphasis(text);
    ASSERT_EQ(found.size(), runs.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].is_break, runs[i][1].is_null());
      if (found[i].is_break || runs[i][1].is_null()) continue;
      EXPECT_EQ(found[i].text, runs[i][0].get<std::string>());
      EXPECT_NEAR(found[i].weight, runs[i][1].get<double>(), 1e-9);
    }
  }
}

TEST(A1111Prompt, BreakInBracketsIsOneToo) {
  const auto runs = parse_emphasis("a (b BREAK c:1.2)");
  ASSERT_EQ(runs.size(), 4u);
  EXPECT_TRUE(runs[2].is_break);
  EXPECT_EQ(runs[3], (EmphasisRun{"c", 1.2}));
}

TEST(A1111Prompt, SurvivesHostileBrackets) {
  for (const char bracket : {'(', '[', ')', ']', '\\', ':', '|'}) {
    EXPECT_FALSE(parse_emphasis(std::string(100000, bracket)).empty());
    EXPECT_EQ(prompt_schedule(std::string(100000, bracket), 20).size(), 1u);
  }
  std::string nested;
  for (int i = 0; i < 5000; ++i) nested += "[a:(b";
  EXPECT_EQ(prompt_schedule(nested, 20)[0].text, nested);
  EXPECT_EQ(parse_emphasis("(a:1.2.3)")[0].text, "a:1.2.3");
}

TEST(A1111Prompt, ComposedPartsAreTheWebUIs) {
  for (const auto& [text, parts] : expected()["a1111"]["composed"].items()) {
    SCOPED_TRACE(text);
    const auto found = split_composed(text);
    ASSERT_EQ(found.size(), parts.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].text, parts[i][0].get<std::string>());
      EXPECT_NEAR(found[i].weight, parts[i][1].get<double>(), 1e-12);
    }
  }
}

TEST(A1111Prompt, SchedulesAreTheWebUIs) {
  for (const auto& [text, steps] : expected()["a1111"]["schedules"].items()) {
    SCOPED_TRACE(text);
    const auto found = prompt_schedule(text, 5);
    ASSERT_EQ(found.size(), steps.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(found[i], (ScheduledText{steps[i][0], steps[i][1].get<std::string>()}));
  }
}

TEST(A1111Prompt, TagsAreTakenOut) {
  std::vector<NetworkTag> tags;
  EXPECT_EQ(without_tags("a <lora:x y:0.5> b <hypernet:z> < c <: > <d> <e:>", tags), "a  b  < c <: > <d> <e:>");
  ASSERT_EQ(tags.size(), 2u);
  EXPECT_EQ(tags[0].kind + tags[0].name, "lorax y");
  EXPECT_EQ(tags[1].name, "z");
}

TEST(A1111Prompt, ChunksAndContextAreTheWebUIs) {
  const at::NoGradGuard no_grad;
  for (const json& row : expected()["a1111"]["encoded"]) {
    const std::string text = row[0];
    SCOPED_TRACE(text);
    auto chunks = tokenize_a1111(clip_tokenizer(), text);
    std::vector<std::int64_t> ends;
    for (const TokenChunk& chunk : chunks) ends.push_back(std::ranges::find(chunk.ids, 49407) - chunk.ids.begin());
    EXPECT_EQ(ends, row[2].get<std::vector<std::int64_t>>());
    expect_context(
        encode_chunks(encoder(), clip_tokenizer(), std::move(chunks), 0, Weighing::KeepMean).context, row[1]);
  }
}

TEST(A1111Prompt, LearnedWordsMoveOnWithTheirClause) {
  const LearnedWords learned = [](const std::string&) { return at::ones({2, 4}); };
  std::string text;
  for (int i = 0; i < 70; ++i) text += "cat ";
  const auto chunks = tokenize_a1111(clip_tokenizer(), text + ", a embedding:toy dog cat cat", 77, learned);
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_TRUE(chunks[0].learned.empty());
  EXPECT_EQ(chunks[1].learned.count(2) + chunks[1].learned.count(3), 2u) << "behind start and 'a'";
}

TEST(CompelPrompt, RunsAndWeightsAreCompels) {
  for (const auto& [text, whole] : expected()["compel"]["parsed"].items()) {
    SCOPED_TRACE(text);
    const CompelPrompt found = parse_compel(text);
    ASSERT_EQ(found.prompts.size(), whole[0].size());
    for (std::size_t i = 0; i < found.prompts.size(); ++i) {
      const json& runs = whole[0][i];
      ASSERT_EQ(found.prompts[i].size(), runs.size());
      for (std::size_t k = 0; k < runs.size(); ++k) {
        EXPECT_EQ(found.prompts[i][k].text, runs[k][0].get<std::string>());
        EXPECT_NEAR(found.prompts[i][k].weight, runs[k][1].get<double>(), 1e-9);
      }
    }
    EXPECT_EQ(found.weights, whole[1].get<std::vector<double>>());
    EXPECT_EQ(found.normalize, whole[2].is_null() || whole[2].get<bool>());
  }
}

TEST(CompelPrompt, ContextIsCompels) {
  const at::NoGradGuard no_grad;
  for (const json& row : expected()["compel"]["encoded"]) {
    const std::string text = row[0];
    SCOPED_TRACE(text);
    expect_context(encode_compel(encoder(), clip_tokenizer(), parse_compel(text), text).context, row[1]);
  }
}

TEST(CompelPrompt, NamesTheColumnOfWhatItCannotRead) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      parse_compel(text);
    } catch (const NodeError& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_THAT(error("(\"\u00e9\",\"b\").blend(1)"), HasSubstr("text, column 17: .blend has 2 texts and 1 weights"));
  EXPECT_THAT(error("(\"a\", \"b\").and(1, x)"), HasSubstr("text, column 16: .and takes numbers, and got 'x'"));
  EXPECT_THAT(
      error("(\"a\", \"b\").and() c"), HasSubstr("text, column 18: text behind .and(...) belongs to no prompt"));
  EXPECT_THAT(error("(\"a\", \"b\").blend(1, -1)"), HasSubstr("sum up to 0"));
}

TEST(CompelPrompt, WarnsOfWhatHasNoEffect) {
  EXPECT_THAT(parse_compel("a,b (c d").warnings, ElementsAre(HasSubstr("text, column 5: ( is never closed")));
  EXPECT_THAT(parse_compel("a withLora(x, 0.5) b").warnings, ElementsAre(HasSubstr("the LoRA 'x' is not applied")));
  EXPECT_EQ(parse_compel("a cat.swap(dog) b").prompts[0][0].text, "a cat b");
  EXPECT_THAT(
      parse_compel("x (\"a\", \"b\").blend(1, 1)").warnings, ElementsAre(HasSubstr("text, column 13: .blend(...)")));
  EXPECT_TRUE(parse_compel("a (b)+ \\( c").warnings.empty());
}

TEST(CompelPrompt, SurvivesHostileBrackets) {
  for (const char sign : {'(', ')', '"', '+', '-', ',', '.', '\\'})
    EXPECT_FALSE(parse_compel(std::string(20000, sign)).prompts.empty());
  EXPECT_FALSE(parse_compel(std::string(20000, '(') + "x" + std::string(20000, ')')).prompts.empty());
}

TEST(FindTokens, CountsTheVectorsOfLearnedWords) {
  const LearnedWords learned = [](const std::string&) { return at::ones({3, 4}); };
  EXPECT_THAT(find_tokens(clip_tokenizer(), "a embedding:toy fox !", "fox", 77, learned), ElementsAre(5));
  EXPECT_THAT(find_tokens(clip_tokenizer(), "a embedding:toy fox !", "!", 77, learned), ElementsAre(6));
}

}  // namespace
}  // namespace weft::sd
