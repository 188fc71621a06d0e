#include "editor/session/carried_files.h"

#include <gtest/gtest.h>

#include "editor/session/journal_file.h"
#include "host/environment.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

class LoadImage final : public sketch::Idle {
  Param<std::string> file_{*this, "file", {.widget = Widget::File}};
  Output<sketch::Image> image_{*this, "image"};
};

constexpr const char* kWorkflow = R"({"weft": 1,
  "nodes": {"here": {"type": "image.load", "inputs": {"file": "a.png"}},
            "input": {"type": "image.load", "inputs": {"file": "b.png"}},
            "lost": {"type": "image.load", "inputs": {"file": "c.png"}},
            "deep": {"type": "subgraph:inner"}},
  "subgraphs": {"inner": {"nodes": {"inside": {"type": "image.load", "inputs": {"file": "a.png"}}}, "interface": {}}}})";

class CarriedFiles : public testing::Test {
 protected:
  CarriedFiles() {
    registry.add<LoadImage>("image.load", {});
    fs::create_directories(folder / "from/input");
    fs::create_directories(folder / "to");
    write_text_file(folder / "from/a.png", "");
    write_text_file(folder / "from/input/b.png", "");
  }

  bool carry(Document& document, const fs::path& to) {
    return carry_files(document, registry, host::make_environment({.workflow_folder = document.folder()}),
        host::make_environment({.workflow_folder = to}));
  }
  static std::string file_at(const Graph& graph, const std::string& node) {
    return std::get<Literal>(graph.node(node).inputs.at("file")).get<std::string>();
  }

  TemporaryFolder folder;
  Registry registry = sketch::registry();
  Document document{parse_workflow(kWorkflow), folder / "from/example.json"};
};

TEST_F(CarriedFiles, ADocumentLooksBesideWhatItComesFrom) {
  EXPECT_EQ(document.name(), "example");
  EXPECT_EQ(document.folder(), folder / "from");
  EXPECT_TRUE(document.file().empty());
  EXPECT_THROW(document.save(), GraphError);
  EXPECT_EQ(document.name_of_file(folder / "from/a.png"), "a.png");
}

TEST_F(CarriedFiles, AreNamedFromTheNewFolder) {
  EXPECT_TRUE(carry(document, folder / "to"));
  EXPECT_EQ(file_at(document.graph(), "here"), folder / "from/a.png");
  EXPECT_EQ(file_at(document.graph(), "input"), folder / "from/input/b.png");
  EXPECT_EQ(file_at(document.graph(), "lost"), "c.png");
  EXPECT_EQ(file_at(document.workflow().subgraphs.at("inner").graph, "inside"), folder / "from/a.png");
  document.undo();
  EXPECT_EQ(document.workflow(), parse_workflow(kWorkflow));
}

TEST_F(CarriedFiles, KeepTheirNamesWhereTheseLeadToTheSame) {
  EXPECT_FALSE(carry(document, folder / "from"));
  EXPECT_EQ(document.position(), 0u);
}

TEST_F(CarriedFiles, AProposedNameIsAFreeOne) {
  EXPECT_EQ(free_file(folder / "from", "new.json"), folder / "from/new.json");
  write_text_file(folder / "from/new.json", "");
  write_text_file(folder / "from/new-2.json", "");
  EXPECT_EQ(free_file(folder / "from", "new.json"), folder / "from/new-3.json");
}

TEST_F(CarriedFiles, ADocumentThatACrashLeftStillLooksThere) {
  document.apply("Title", {SetTitle{"here", "x"}});
  Journal journal(folder / "sessions");
  journal.record(document);
  journal.flush();
  const std::optional<Recoverable> left = read_journal(journal.folder() / (std::to_string(document.id()) + ".journal"));
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->file.empty());
  const auto again = Document::recovered(left->workflow, left->file, left->origin);
  EXPECT_EQ(again->folder(), folder / "from");
  EXPECT_EQ(again->name(), "example");
}

}  // namespace
}  // namespace weft::editor
