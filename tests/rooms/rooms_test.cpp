// Folders are rooms, and rooms.txt says which may include which. An #include that points the other way is refused here,
// with its line, and so is an allowance that is no longer needed.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/rooms/room_table.h"

namespace weft::test {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

/// A tree that a test makes up; gone with it.
class MadeUpTree {
 public:
  MadeUpTree() { root_ = ::mkdtemp(name_); }
  ~MadeUpTree() { fs::remove_all(root_); }

  fs::path write(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
    return root_ / file;
  }
  const fs::path& path() const { return root_; }

 private:
  char name_[24] = "/tmp/weft-rooms-XXXXXX";
  fs::path root_;
};

const RoomTable& our_table() {
  static const RoomTable table(WEFT_SOURCE_DIR "/tests/rooms/rooms.txt");
  return table;
}

TEST(Rooms, HaveNoCircle) { EXPECT_THAT(our_table().problems(), IsEmpty()); }

TEST(Rooms, IncludeWhatTheTableSaysAndNothingElse) {
  EXPECT_THAT(our_table().differences_from(WEFT_SOURCE_DIR), IsEmpty());
}

TEST(Rooms, OfStableDiffusionWorkWithoutTheEngineExceptForValues) {
  for (const char* room : {"tensors", "files", "networks", "sampling", "text", "families", "pictures"})
    EXPECT_THAT(our_table().below(std::string("nodes/sd/") + room), Not(Contains("graph"))) << room;
  EXPECT_THAT(our_table().below("nodes/sd/values"), Contains("graph"));
}

TEST(RoomTable, FindsACircleAndWhatIsUnknown) {
  const MadeUpTree tree;
  const RoomTable table(tree.write("rooms.txt", "graph: nodes | torch\nnodes: graph\ngraph:\n"));
  EXPECT_THAT(table.problems(),
      ElementsAre("graph: nodes is not above it", "graph: torch is not above it", "graph stands there twice"));
}

TEST(RoomTable, FindsAnIncludeThatPointsUp) {
  const MadeUpTree tree;
  const RoomTable table(
      tree.write("rooms.txt", "library torch: torch/\ngraph:\nsdk = plugins/sdk.h: | torch\nplugins: graph sdk\n"));
  tree.write("graph/deep/a.cpp", "#include <vector>\n  # include <torch/torch.h>\n#include \"graph/b.h\"\n");
  tree.write("graph/b.h", "// #include <torch/torch.h>\n#include \"plugins/c.h\"\n#include \"tests/toys.h\"\n");
  tree.write("plugins/sdk.h", "#include <torch/types.h>\n");
  tree.write("plugins/c.h", "#include \"graph/b.h\"\n#include \"plugins/sdk.h\"\n#include <torch/types.h>\n");
  EXPECT_THAT(table.differences_from(tree.path()),
      ElementsAre("graph/b.h:2: graph must not include plugins/c.h", "graph/b.h:3: graph must not include tests/toys.h",
          "graph/deep/a.cpp:2: graph must not include torch/torch.h",
          "plugins/c.h:3: plugins must not include torch/types.h"));
}

TEST(RoomTable, FindsAnAllowanceThatNothingUses) {
  const MadeUpTree tree;
  const RoomTable table(tree.write("rooms.txt", "library torch: torch/\nbase:\ngraph: base | torch\n"));
  tree.write("graph/a.h", "#include \"base/b.h\"\n");
  EXPECT_THAT(
      table.differences_from(tree.path()), ElementsAre("graph: torch is allowed, but nothing there includes it"));
}

TEST(RoomTable, WantsARoomForEveryFolder) {
  const MadeUpTree tree;
  const RoomTable table(tree.write("rooms.txt", "graph:\neditor:\neditor/app:\n"));
  tree.write("editor/main.cpp", "");
  tree.write("editor/app/keys/a.h", "#include \"editor/new/a.h\"\n");
  tree.write("editor/new/a.h", "");
  tree.write("server/a.h", "");
  EXPECT_THAT(table.differences_from(tree.path()),
      ElementsAre("editor/app/keys/a.h:1: editor/app must not include editor/new/a.h", "editor/new/a.h is in no room",
          "server/a.h is in no room"));
}

}  // namespace
}  // namespace weft::test
