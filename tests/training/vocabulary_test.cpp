#include "training/vocabulary.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "nodes/sd/text/tokenizer.h"
#include "training/paper_cut_model.h"
#include "training/scene.h"

namespace weft::paper_cut {
namespace {

TEST(Vocabulary, GivesEachCaptionWordOneTokenOfItsOwn) {
  std::set<std::int64_t> ids;
  for (const std::string& word : caption_words()) ids.insert(vocabulary().ids(word)[1]);
  EXPECT_EQ(ids.size(), caption_words().size());
}

TEST(Vocabulary, StartsWithTheStartTokenAndIsPaddedWithTheEnd) {
  const auto ids = vocabulary().ids("a red house");
  ASSERT_EQ(ids.size(), std::size_t(Vocabulary::kLength));
  EXPECT_EQ(ids[0], vocabulary().start_id());
  EXPECT_EQ(ids[4], vocabulary().end_id());
  EXPECT_EQ(ids[76], vocabulary().end_id());
}

TEST(Vocabulary, RefusesAWordThatNoCaptionHas) { EXPECT_THROW(vocabulary().ids("a purple house"), std::runtime_error); }

TEST(Vocabulary, IsReadTheSameWayByTheTokenizerOfTheNodes) {
  const auto tokenizer =
      sd::Tokenizer::from_folder(std::filesystem::path(WEFT_SOURCE_DIR) / "models/checkpoints/paper-cut/tokenizer");
  EXPECT_EQ(tokenizer.start_id(), vocabulary().start_id());
  EXPECT_EQ(tokenizer.end_id(), vocabulary().end_id());
  Dice dice(3);
  for (int i = 0; i < 500; ++i) {
    const std::string caption = full_caption(random_scene(dice), dice);
    std::vector<std::int64_t> ids = tokenizer.encode(caption);
    ids.insert(ids.begin(), tokenizer.start_id());
    ids.resize(Vocabulary::kLength, tokenizer.end_id());
    EXPECT_EQ(ids, vocabulary().ids(caption)) << caption;
  }
}

}  // namespace
}  // namespace weft::paper_cut
