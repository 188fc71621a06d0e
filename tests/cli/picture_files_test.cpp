// Pictures that the program reads and writes: names that nobody else has, folders that cannot do much, files that are
// damaged or too large.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PictureFiles : public WeftProgram {
 protected:
  std::string path(const std::string& name) const { return (scratch_ / name).string(); }
  /// A workflow that loads a picture and saves it.
  std::string copying(const std::string& picture) const {
    return workflow(R"({"load": {"type": "image.load", "inputs": {"file": ")" + picture + R"("}},
      "save": {"type": "image.save", "inputs": {"image": {"link": "load.image"}, "prefix": "copy"}}})");
  }
  std::string bytes_of(const std::string& name) const {
    std::ifstream stream(scratch_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  bool is_whole_png(const std::string& name) const {
    const std::string bytes = bytes_of(name);
    return bytes.starts_with("\x89PNG") && bytes.find("IEND") != std::string::npos;
  }

  Surrounding standard_ = {.variables = {{"WEFT_PLUGIN_PATH", ""}}};
  std::string picture_ = workflow(R"({"mask": {"type": "mask.ellipse", "inputs": {"width": 64, "height": 64}},
    "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
    "save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}, "prefix": "disk"}}})");
};

TEST_F(PictureFiles, AreSavedWhereThereAreNoHardLinks) {
  for (const bool plain_rename_only : {false, true}) {
    Surrounding poor = standard_;
    poor.variables["LD_PRELOAD"] = WEFT_WITHOUT_HARD_LINKS;
    if (plain_rename_only) poor.variables["WITHOUT_RENAME_NOREPLACE"] = "1";
    const std::string out = plain_rename_only ? "poorest" : "poor";
    for (int i = 0; i < 2; ++i) {
      const Outcome run = weft({"run", picture_, "--out", out}, poor);
      EXPECT_EQ(run.exit, 0) << run.err;
    }
    EXPECT_THAT(files_in(out), testing::UnorderedElementsAre("disk_00001_.png", "disk_00002_.png"));
    EXPECT_TRUE(is_whole_png(out + "/disk_00001_.png") && is_whole_png(out + "/disk_00002_.png"));
  }
}

TEST_F(PictureFiles, OfTwoProgramsAtOnceNeverTakeEachOthersNames) {
  const std::string many = R"(for i in 1 2 3; do "$0" run "$1" --out shared --progress none & done; wait)";
  for (const bool plain_rename_only : {false, true}) {
    Surrounding poor = standard_;
    poor.variables["LD_PRELOAD"] = WEFT_WITHOUT_HARD_LINKS;
    if (plain_rename_only) poor.variables["WITHOUT_RENAME_NOREPLACE"] = "1";
    EXPECT_EQ(command({"/bin/sh", "-c", many, WEFT_PROGRAM, picture_}, poor).exit, 0);
  }
  const std::vector<std::string> files = files_in("shared");
  EXPECT_THAT(files, SizeIs(6));
  for (const std::string& file : files) EXPECT_TRUE(is_whole_png("shared/" + file)) << file;
}

TEST_F(PictureFiles, InTheMakingAreRemovedOnceTheirWriterIsGone) {
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  std::filesystem::create_directories(scratch_ / "out");
  const std::string left = fmt::format("out/.disk.{}.1.part", gone), live = fmt::format(".disk.{}.1.part", ::getpid());
  file(left, "half a picture");
  file("out/" + live, "half a picture");
  file("out/.someone's.part", "something else");
  EXPECT_EQ(weft({"run", picture_}, standard_).exit, 0);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / left));
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "out" / live)) << "its process lives";
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "out/.someone's.part"));
}

TEST_F(PictureFiles, ThatEndEarlyAreRefusedOrTakenAsFarAsTheyGo) {
  ASSERT_EQ(weft({"run", picture_}, standard_).exit, 0);
  const std::string whole = bytes_of("out/disk_00001_.png");
  const std::string copy = copying(file("cut.png", whole.substr(0, whole.size() - 60)));
  const Outcome refused = weft({"run", copy}, standard_);
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err,
      testing::AllOf(HasSubstr("cut.png"), HasSubstr("the file ends early"), HasSubstr("--allow-truncated")));
  const Outcome taken = weft({"run", copy, "--allow-truncated"}, standard_);
  EXPECT_EQ(taken.exit, 0) << taken.err;
  EXPECT_THAT(taken.err, HasSubstr("what is missing is black"));
}

TEST_F(PictureFiles, AboveTheLimitAreNamedWithTheirSize) {
  ASSERT_EQ(weft({"run", picture_}, standard_).exit, 0);
  Surrounding small = standard_;
  small.variables["WEFT_MAX_MEGAPIXELS"] = "0.001";
  const Outcome run = weft({"run", copying("out/disk_00001_.png")}, small);
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err,
      testing::AllOf(HasSubstr("disk_00001_.png"), HasSubstr("64 x 64"), HasSubstr("raise WEFT_MAX_MEGAPIXELS")));
}

TEST_F(PictureFiles, AnEmptyBatchIsNotSavedInSilence) {
  const Surrounding both = {.variables = {{"WEFT_PLUGIN_PATH", WEFT_TEST_PLUGINS}}};
  const Outcome run = weft({"run", workflow(R"({"none": {"type": "test.no_pictures"},
    "save": {"type": "image.save", "inputs": {"image": {"link": "none.image"}}}})")},
      both);
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err, HasSubstr("the batch is empty"));
}

}  // namespace
}  // namespace weft::test
