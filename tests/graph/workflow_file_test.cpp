// The file format: what is read, what is written, and each way in which a file can be wrong.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "graph/workflow.h"
#include "tests/graph/random_workflows.h"
#include "tests/graph/sketch_nodes.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(WorkflowFile, IsWrittenAsItWasRead) { EXPECT_EQ(to_text(parse_workflow(sketch::kWorkflow)), sketch::kWorkflow); }

TEST(WorkflowFile, IsInOrderInTheDocumentation) {
  std::ostringstream page;
  page << std::ifstream(WEFT_SOURCE_DIR "/docs/workflow-format.md").rdbuf();
  const std::string text = page.str();
  const std::string fence = "```json\n";
  int examples = 0;
  for (std::size_t at = text.find(fence); at != text.npos; at = text.find(fence, at + 1), ++examples) {
    const std::size_t begin = at + fence.size();
    const std::string example = text.substr(begin, text.find("```", begin) - begin);
    EXPECT_EQ(to_text(parse_workflow(example)), example);
  }
  EXPECT_EQ(examples, 2);
}

TEST(WorkflowFile, HoldsLinksLiteralsAndInterface) {
  const Workflow workflow = parse_workflow(sketch::kWorkflow);
  const GraphNode& sample = workflow.graph.node("sample");
  EXPECT_EQ(sample.type, "sample.image");
  EXPECT_EQ(std::get<Links>(sample.inputs.at("model")), (Links{{"load", "model"}}));
  EXPECT_EQ(std::get<Literal>(sample.inputs.at("seed")), 18446744073709551615u);
  EXPECT_EQ(sample.ui, (nlohmann::json{{"x", 320}, {"y", 0}}));
  EXPECT_EQ(workflow.interface.inputs.at("prompt"), (PortRef{"words", "text"}));
  EXPECT_EQ(workflow.interface.outputs.at("picture"), (PortRef{"save", ""}));
}

TEST(WorkflowFile, KeepsTheOrderOfItsNodes) {
  const Workflow workflow = parse_workflow(R"({"weft": 1, "nodes": {"b": {"type": "x.y"}, "a": {"type": "x.y"}}})");
  EXPECT_EQ(workflow.graph.nodes().front()->id, "b");
}

TEST(WorkflowFile, KeepsWhatItDoesNotKnow) {
  const std::string text = R"({
  "weft": 1,
  "nodes": {
    "a": {
      "type": "from.the.future",
      "title": "Tomorrow",
      "inputs": {
        "knobs": [1, [2, "three"], {"four": null}],
        "setting": {"value": {"link": "no link"}}
      },
      "ui": {"colour": "#fff", "x": 1.5},
      "notes": "by hand",
      "zzz": {
        "deep": [{"er": true}]
      }
    }
  },
  "interface": {
    "hints": ["unknown", "too"]
  },
  "author": {"name": "somebody", "year": 2031}
}
)";
  EXPECT_EQ(to_text(parse_workflow(text)), text);
}

TEST(WorkflowFile, LinksANodeWhoseIdHasDots) {
  const Workflow workflow = parse_workflow(R"({"weft": 1, "nodes": {"v1.5": {"type": "x.y"}, "b": {"type": "x.y",
      "inputs": {"in": {"link": "v1.5.out"}}}}, "interface": {"outputs": {"all": "v1.5."}}})");
  EXPECT_EQ(std::get<Links>(workflow.graph.node("b").inputs.at("in")), (Links{{"v1.5", "out"}}));
  EXPECT_EQ(workflow.interface.outputs.at("all"), (PortRef{"v1.5", ""}));
}

TEST(WorkflowFile, LinksManySourcesInOrder) {
  const Workflow workflow =
      parse_workflow(R"({"weft": 1, "nodes": {"a": {"type": "x.y"}, "b": {"type": "x.y"}, "c": {"type": "x.y",
      "inputs": {"in": {"links": ["b.out", "a.out", "b.out"]}, "none": {"links": []}}}}})");
  const GraphNode& node = workflow.graph.node("c");
  EXPECT_EQ(std::get<Links>(node.inputs.at("in")), (Links{{"b", "out"}, {"a", "out"}, {"b", "out"}}));
  EXPECT_THAT(std::get<Links>(node.inputs.at("none")), IsEmpty());
}

TEST(WorkflowFile, MayBeginWithAByteOrderMark) {
  EXPECT_EQ(parse_workflow("\xef\xbb\xbf{\"weft\": 1, \"nodes\": {}}").graph.size(), 0u);
}

TEST(WorkflowFile, MayNestAHundredLevels) {
  const std::string deep = std::string(97, '[') + std::string(97, ']');
  const std::string text = R"({"weft": 1, "nodes": {"a": {"type": "x.y", "extra": )" + deep + "}}}";
  const Workflow workflow = parse_workflow(text);
  EXPECT_EQ(parse_workflow(to_text(workflow)), workflow);
}

TEST(WorkflowFile, FindsEveryProblemAtOnce) {
  try {
    parse_workflow(R"({"weft": 1, "nodes": {"a": {"type": 5}, "b": {"title": 1}, "c": {"type": "x.y",
        "inputs": {"in": {"link": "ghost.out"}, "other": {"link": 3}}}}, "interface": {"inputs": []}})");
    FAIL() << "the file was taken";
  } catch (const GraphError& error) {
    EXPECT_THAT(error.problems(), SizeIs(6)) << error.what();
  }
}

TEST(WorkflowFile, OfAHundredThousandNodesIsReadAndWritten) {
  std::vector<GraphNode> nodes{{.id = "0", .type = "x.y"}};
  for (int i = 1; i < 100'000; ++i)
    nodes.push_back(
        {.id = std::to_string(i), .type = "x.y", .inputs = {{"in", Links{{std::to_string(i - 1), "out"}}}}});
  Workflow workflow;
  workflow.graph.add_all(std::move(nodes));
  EXPECT_EQ(parse_workflow(to_text(workflow)), workflow);
}

TEST(WorkflowFileProperty, RandomWorkflowsSurviveTheRoundTrip) {
  random::check(500, [] {
    const Workflow workflow = random::workflow();
    const std::string text = to_text(workflow);
    const Workflow read = parse_workflow(text);
    RC_ASSERT(read == workflow);
    RC_ASSERT(to_text(read) == text);
  });
}

TEST(WorkflowFileProperty, DamagedTextIsReadOrRefusedButNeverWorse) {
  random::check(2000, [] {
    std::string text = sketch::kWorkflow;
    for (int i = 1 + random::up_to(3); i > 0; --i) {
      const auto at = static_cast<std::size_t>(random::up_to(static_cast<int>(text.size()) - 1));
      switch (random::up_to(2)) {
        case 0:
          text[at] = *rc::gen::arbitrary<char>();
          break;
        case 1:
          text.erase(at, static_cast<std::size_t>(random::up_to(20)));
          break;
        default:
          text.insert(at, random::one_of<std::string>({"{", "}", "[", "\"", ",", ":", "null", "1e999", "\\u", "\xff"}));
      }
      if (text.empty()) break;
    }
    try {
      (void)to_text(parse_workflow(text));
    } catch (const GraphError& error) {
      RC_ASSERT(!error.problems().empty());
    }
  });
}

// --- Each bad input, and what is said of it
// ---------------------------------------------------------------------------

struct BadFile {
  const char* name;
  std::string text;
  std::string complaint;
};

void PrintTo(const BadFile& file, std::ostream* out) { *out << file.name; }

std::string with_nodes(const std::string& nodes) { return R"({"weft": 1, "nodes": )" + nodes + "}"; }

class RefusedWorkflow : public testing::TestWithParam<BadFile> {};

TEST_P(RefusedWorkflow, IsExplained) {
  try {
    parse_workflow(GetParam().text, "cat.json");
    FAIL() << "the file was taken";
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().complaint));
  }
}

INSTANTIATE_TEST_SUITE_P(NoJson, RefusedWorkflow,
    testing::Values(BadFile{"Empty", "", "cat.json is not JSON: line 1, column 1"},
        BadFile{"Words", "hello", "cat.json is not JSON: line 1, column 1"},
        BadFile{"AMissingComma", "{\"weft\": 1,\n \"nodes\": {}\n \"a\": 1}", "line 3, column 4"},
        BadFile{"ACutFile", "{\"weft\": 1,\n \"nodes\": {", "line 2, column 12"},
        BadFile{"TwoDocuments", "{} {}", "line 1, column 4"},
        BadFile{"ATrailingComma", "{\"weft\": 1,}", "line 1, column 12"},
        BadFile{"NotANumber", "{\"weft\": NaN}", "line 1, column 10"},
        BadFile{"ColumnsInLettersNotBytes", "{\"日本\" 1}", "line 1, column 7"},
        BadFile{"InvalidUtf8InAText", "{\"weft\": 1, \"a\": \"\xff\"}", "invalid string: ill-formed UTF-8 byte"},
        BadFile{"InvalidUtf8InAKey", "{\"\xc3\x28\": 1}", "invalid string: ill-formed UTF-8 byte"},
        BadFile{"HalfASurrogatePair", R"({"a": "\ud800"})", "invalid string: surrogate"},
        BadFile{"ANumberBeyondAllRange", R"({"weft": 1, "a": 1e999})", "1e999"},
        BadFile{"APngPicture", "\x89PNG\r\n", "cat.json is not JSON"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(AnotherFormat, RefusedWorkflow,
    testing::Values(BadFile{"AList", "[]", "cat.json is no Weft workflow: it holds a list"},
        BadFile{"ANumber", "5", "cat.json is no Weft workflow: it holds a number"},
        BadFile{"NoVersion", R"({"nodes": {}})", "cat.json is no Weft workflow: the key 'weft' is missing"},
        BadFile{"ANewerVersion", R"({"weft": 2, "nodes": {}})",
            "format version 2, this program knows those up to 1: update Weft"},
        BadFile{"AVersionBeyondInt", R"({"weft": 18446744073709551615, "nodes": {}})",
            "format version 18446744073709551615"},
        BadFile{"VersionZero", R"({"weft": 0, "nodes": {}})", "format version 0, which never was"},
        BadFile{"AVersionAsText", R"({"weft": "1", "nodes": {}})", "format version \"1\", which never was"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(DeepOrDouble, RefusedWorkflow,
    testing::Values(BadFile{"AMillionLists", std::string(1'000'000, '['), "cat.json is nested deeper than 100 levels"},
        BadFile{"AHundredAndOneLevels", std::string(101, '[') + std::string(101, ']'), "nested deeper than 100 levels"},
        BadFile{"ManyNestedObjects",
            [] {
              std::string text;
              for (int i = 0; i < 10'000; ++i) text += "{\"a\":";
              return text;
            }(),
            "nested deeper than 100 levels"},
        BadFile{"ANodeTwice", with_nodes(R"({"a": {"type": "x.y"}, "a": {"type": "x.z"}})"),
            "at '/nodes/a': the key 'a' stands twice"},
        BadFile{"AParamTwice", with_nodes(R"({"a": {"type": "x.y", "inputs": {"p": 1, "p": 2}}})"),
            "at '/nodes/a/inputs/p': the key 'p' stands twice"},
        BadFile{"OneKeyOfManyTwice",
            [] {
              std::string nodes = "{";
              for (int i = 0; i < 50; ++i) nodes += "\"n" + std::to_string(i) + "\": {\"type\": \"x.y\"},";
              return with_nodes(nodes + R"("n49": {"type": "x.y"}})");
            }(),
            "the key 'n49' stands twice"},
        BadFile{"AKeyTwiceBehindAList", R"({"weft": 1, "nodes": {}, "e": [0, {"~/": 1, "~/": 2}]})",
            "at '/e/1/~0~1': the key '~/' stands twice"},
        BadFile{"AWholeNumberBeyond64Bits",
            with_nodes(R"({"a": {"type": "x.y", "inputs": {"seed": 18446744073709551616}}})"),
            "at '/nodes/a/inputs/seed': the number 18446744073709551616 does not fit into 64 bits"},
        BadFile{
            "ANegativeNumberBeyond64Bits", R"({"weft": 1, "n": -9223372036854775809})", "does not fit into 64 bits"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(WrongShape, RefusedWorkflow,
    testing::Values(BadFile{"NoNodes", R"({"weft": 1})", "cat.json: the file has no 'nodes'"},
        BadFile{
            "NodesAsAList", with_nodes(R"([{"id": 3}])"), "'/nodes' is a list, not an object of nodes by their ids"},
        BadFile{"ANodeAsAText", with_nodes(R"({"a": "x.y"})"), "node \"a\": '/nodes/a' is a text, not an object"},
        BadFile{"ANodeWithoutType", with_nodes(R"({"a": {}})"), "node \"a\": the node has no 'type'"},
        BadFile{"AnEmptyType", with_nodes(R"({"a": {"type": ""}})"), "node \"a\": the node has no type"},
        BadFile{"ATypeAsANumber", with_nodes(R"({"a": {"type": 5}})"), "'/nodes/a/type' is a number, not a text"},
        BadFile{"ATitleAsAList", with_nodes(R"({"a": {"type": "x.y", "title": []}})"),
            "'/nodes/a/title' is a list, not a text"},
        BadFile{
            "UiAsNull", with_nodes(R"({"a": {"type": "x.y", "ui": null}})"), "'/nodes/a/ui' is null, not an object"},
        BadFile{"InputsAsAList", with_nodes(R"({"a": {"type": "x.y", "inputs": [1]}})"),
            "'/nodes/a/inputs' is a list, not an object"},
        BadFile{"AnEmptyId", with_nodes(R"({"": {"type": "x.y"}})"), "a node has an empty id"},
        BadFile{"AnIdWithANul", with_nodes("{\"a\\u0000b\": {\"type\": \"x.y\"}}"), "control characters"},
        BadFile{
            "AnEmptyPort", with_nodes(R"({"a": {"type": "x.y", "inputs": {"": 1}}})"), "an input has an empty name"},
        BadFile{"ALinkAsAList", with_nodes(R"({"a": {"type": "x.y", "inputs": {"in": {"link": [4, 0]}}}})"),
            "node \"a\", port \"in\": '/nodes/a/inputs/in/link' is a list, not a text \"node.output\""},
        BadFile{"ALinkWithoutOutput", with_nodes(R"({"a": {"type": "x.y", "inputs": {"in": {"link": "b"}}}})"),
            "is \"b\", which names no output"},
        BadFile{"LinksAsAText", with_nodes(R"({"a": {"type": "x.y", "inputs": {"in": {"links": "b.out"}}}})"),
            "'/nodes/a/inputs/in/links' is a text, not a list"},
        BadFile{"ALinkOfManyAsANumber", with_nodes(R"({"a": {"type": "x.y", "inputs": {"in": {"links": [7]}}}})"),
            "'/nodes/a/inputs/in/links/0' is a number"},
        BadFile{"AnUnknownObjectAsInput", with_nodes(R"({"a": {"type": "x.y", "inputs": {"p/q": {"lnk": "b.out"}}}})"),
            "'/nodes/a/inputs/p~1q' is an object without exactly one of the keys 'link', 'links', 'value'"},
        BadFile{"ALinkAndMore",
            with_nodes(R"({"a": {"type": "x.y", "inputs": {"in": {"link": "b.out", "value": 1}}}})"),
            "without exactly one of the keys"},
        BadFile{"InterfaceAsAList", R"({"weft": 1, "nodes": {}, "interface": []})",
            "'/interface' is a list, not an object"},
        BadFile{"InterfaceInputsAsANumber", R"({"weft": 1, "nodes": {}, "interface": {"inputs": 1}})",
            "'/interface/inputs' is a number"},
        BadFile{"AnInterfaceInputAsAnObject", R"({"weft": 1, "nodes": {}, "interface": {"inputs": {"a": {}}}})",
            "'/interface/inputs/a' is an object, not a text"},
        BadFile{"AnInterfaceInputWithoutPort", R"({"weft": 1, "nodes": {}, "interface": {"inputs": {"a": "b"}}})",
            "'/interface/inputs/a' is \"b\", which names no port"},
        BadFile{"AnInterfaceOutputThatIsEmpty", R"({"weft": 1, "nodes": {}, "interface": {"outputs": {"a": ""}}})",
            "'/interface/outputs/a' is \"\", which names no port"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(WrongLinks, RefusedWorkflow,
    testing::Values(
        BadFile{"AMissingNode", with_nodes(R"({"a": {"type": "x.y", "inputs": {"in": {"link": "ghost.out"}}}})"),
            "node \"a\", port \"in\": the link's source 'ghost' is not in the graph"},
        BadFile{"ANodeToItself", with_nodes(R"({"a": {"type": "x.y", "inputs": {"in": {"link": "a.out"}}}})"),
            "node \"a\", port \"in\": the node links to itself"},
        BadFile{"ACycle",
            with_nodes(
                R"({"a": {"type": "x.y", "inputs": {"in": {"link": "b.out"}}}, "b": {"type": "x.y", "inputs": {"in": {"link": "a.out"}}}})"),
            "links make a cycle: a -> b -> a"}),
    [](const auto& test) { return test.param.name; });

// --- Files on a disk
// --------------------------------------------------------------------------------------------------

TEST(LoadingAWorkflow, SaysThatThereIsNoFile) {
  try {
    load_workflow("/nowhere/cat.json");
    FAIL();
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot read '/nowhere/cat.json': there is no such file"));
  }
}

TEST(LoadingAWorkflow, RefusesAFolder) {
  try {
    load_workflow("/tmp");
    FAIL();
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr("it is a folder"));
  }
}

TEST(LoadingAWorkflow, ReadsWhatWasSaved) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "weft_reads_what_was_saved.json";
  const Workflow workflow = parse_workflow(sketch::kWorkflow);
  save_workflow(workflow, file);
  EXPECT_EQ(load_workflow(file), workflow);
  std::filesystem::remove(file);
}

class RefusedSave : public testing::Test {
 protected:
  void expect_refused(const nlohmann::json& value, const std::string& complaint) {
    Workflow workflow = parse_workflow(sketch::kWorkflow);
    workflow.graph.set_input("sample", "p", value.is_object() ? value.at("v") : value);
    try {
      to_text(workflow);
      FAIL() << "it was written";
    } catch (const GraphError& error) {
      EXPECT_THAT(error.what(), HasSubstr(complaint));
    }
  }
};

TEST_F(RefusedSave, OfANumberThatJsonCannotHold) {
  expect_refused(std::numeric_limits<double>::infinity(), "at '/nodes/sample/inputs/p': the number is not finite");
}

TEST_F(RefusedSave, OfTextThatIsNotUtf8) {
  expect_refused("\xff", "at '/nodes/sample/inputs/p': the text is not valid UTF-8");
}

TEST_F(RefusedSave, OfWhatIsNestedTooDeepToBeReadAgain) {
  nlohmann::json deep = nlohmann::json::array();
  for (int i = 0; i < 100; ++i) deep = nlohmann::json::array({deep});
  expect_refused(deep, "nested deeper than 100 levels");
}

}  // namespace
}  // namespace weft
