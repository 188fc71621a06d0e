#include "editor/session/journal.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "editor/session/gestures.h"
#include "editor/session/journal_file.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Journals : public testing::Test {
 protected:
  /// Does `work` in a process that is gone then, without a goodbye.
  template <class Work>
  void in_a_process_that_crashes(const Work& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      work();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  }

  std::vector<Recoverable> recoverable() const { return Journal(folder / "sessions").recoverable(); }
  std::filesystem::path only_journal() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "sessions"))
      if (entry.path().extension() == ".journal") return entry.path();
    return {};
  }

  Registry registry = sketch::registry();
  TemporaryFolder folder;
};

TEST_F(Journals, BringBackWhatWasNotSaved) {
  std::string text;
  in_a_process_that_crashes([&] {
    Journal journal(folder / "sessions");
    Document document(parse_workflow(sketch::kWorkflow));
    document.save_as(folder / "a.json");
    journal.record(document);
    set_param(document, "words", "text", "日本語, \"quoted\"\n and a red boat");
    journal.record(document);
    rename(document, "words", "positive");
    journal.record(document);
    remove(document, registry, {.nodes = {"save"}});
    journal.record(document);
    journal.flush();
    write_text_file(folder / "expected.json", to_text(document.workflow()));
    ::_exit(0);
  });
  const std::vector<Recoverable> found = recoverable();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].file, folder / "a.json");
  EXPECT_EQ(to_text(found[0].workflow), read_text_file(folder / "expected.json"));
  EXPECT_THAT(found[0].gestures, ElementsAre("Change text", "Rename words to positive", "Delete save"));
  EXPECT_EQ(read_text_file(folder / "a.json"), sketch::kWorkflow);
}

TEST_F(Journals, SayNothingOfWhatWasSaved) {
  in_a_process_that_crashes([&] {
    Journal journal(folder / "sessions");
    Document document(parse_workflow(sketch::kWorkflow));
    set_param(document, "sample", "steps", 30);
    journal.record(document);
    document.save_as(folder / "a.json");
    journal.record(document);
    journal.flush();
    ::_exit(0);
  });
  EXPECT_THAT(recoverable(), IsEmpty());
}

TEST_F(Journals, SayNothingOfADocumentWhoseFileHoldsTheSame) {
  in_a_process_that_crashes([&] {
    Journal journal(folder / "sessions");
    Document document(parse_workflow(sketch::kWorkflow));
    document.save_as(folder / "a.json");
    set_param(document, "sample", "steps", 30);
    journal.record(document);
    journal.flush();
    document.save();  // killed before the journal heard of it
    ::_exit(0);
  });
  EXPECT_THAT(recoverable(), IsEmpty());
}

TEST_F(Journals, TidyAwayWhatNobodyNeeds) {
  in_a_process_that_crashes([&] { ::_exit(Journal(folder / "sessions").folder().empty() ? 1 : 0); });
  in_a_process_that_crashes([&] {
    Journal journal(folder / "sessions");
    Document document(parse_workflow(sketch::kWorkflow));
    document.save_as(folder / "a.json");
    set_param(document, "sample", "steps", 30);
    journal.record(document);
    journal.flush();
    document.save();
    ::_exit(0);
  });
  EXPECT_THAT(recoverable(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(folder / "sessions"));
}

TEST_F(Journals, ForgetClosedDocumentsAndLeaveNothing) {
  {
    Journal journal(folder / "sessions");
    Document document(parse_workflow(sketch::kWorkflow));
    set_param(document, "sample", "steps", 30);
    journal.record(document);
    journal.forget(document.id());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder / "sessions"));
}

TEST_F(Journals, LeaveDocumentsOfLivingProcessesAlone) {
  Journal journal(folder / "sessions");
  Document document(parse_workflow(sketch::kWorkflow));
  set_param(document, "sample", "steps", 30);
  journal.record(document);
  journal.flush();
  EXPECT_THAT(recoverable(), IsEmpty());
}

TEST_F(Journals, AreReadUpToATornLine) {
  in_a_process_that_crashes([&] {
    Journal journal(folder / "sessions");
    Document document(parse_workflow(sketch::kWorkflow));
    for (int steps = 30; steps < 33; ++steps) {
      set_param(document, "sample", "steps", steps);
      document.end_gesture();
      journal.record(document);
    }
    journal.flush();
    ::_exit(0);
  });
  const std::filesystem::path file = only_journal();
  const std::string whole = read_text_file(file);
  const std::size_t first_line = whole.find('\n') + 1;
  for (std::size_t size = first_line; size < whole.size(); size += 7) {
    write_text_file(file, whole.substr(0, size));
    const std::vector<Recoverable> found = recoverable();
    ASSERT_THAT(found, SizeIs(1)) << size;
    const Literal& steps = std::get<Literal>(found[0].workflow.graph.node("sample").inputs.at("steps"));
    EXPECT_EQ(steps, 29 + static_cast<int>(found[0].gestures.size()));
  }
  write_text_file(file, whole.substr(0, first_line / 2));
  EXPECT_THAT(recoverable(), IsEmpty());
  for (const std::string& text :
      {std::string("no journal\n"), std::string(50'000, '[') + std::string(50'000, ']') + '\n'}) {
    write_text_file(file, text);
    EXPECT_THAT(recoverable(), IsEmpty());
  }
}

TEST_F(Journals, DiscardWhatIsNotWanted) {
  in_a_process_that_crashes([&] {
    Journal journal(folder / "sessions");
    Document document(parse_workflow(sketch::kWorkflow));
    set_param(document, "sample", "steps", 30);
    journal.record(document);
    journal.flush();
    ::_exit(0);
  });
  {
    Journal journal(folder / "sessions");
    for (const Recoverable& document : journal.recoverable()) journal.discard(document);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder / "sessions"));
}

TEST_F(Journals, KeepARecoveredDocumentSafe) {
  in_a_process_that_crashes([&] {
    Journal journal(folder / "sessions");
    Document document(parse_workflow(sketch::kWorkflow));
    set_param(document, "sample", "steps", 30);
    journal.record(document);
    journal.flush();
    ::_exit(0);
  });
  in_a_process_that_crashes([&] {
    Journal journal(folder / "sessions");
    const Recoverable left = journal.recoverable().at(0);
    const auto document = Document::recovered(left.workflow, left.file);
    journal.record(*document);
    journal.flush();
    journal.discard(left);
    ::_exit(document->dirty() ? 0 : 1);
  });
  EXPECT_THAT(recoverable(), SizeIs(1));
}

TEST_F(Journals, StayShortHoweverLongTheSession) {
  Journal journal(folder / "sessions");
  Document document(parse_workflow(sketch::kWorkflow));
  for (int i = 0; i < 300; ++i) {
    set_param(document, "words", "text", std::string(20000, static_cast<char>('a' + i % 26)));
    document.end_gesture();
    journal.record(document);
  }
  journal.flush();
  EXPECT_LT(std::filesystem::file_size(only_journal()), 1500000u);
  EXPECT_EQ(journal.problem(), "");
}

TEST_F(Journals, SayThatTheDiskIsFullAndGoOnWhenItIsNoLonger) {
  Journal journal(folder / "sessions");
  Document document(parse_workflow(sketch::kWorkflow));
  const auto type = [&](std::size_t letters) {
    set_param(document, "words", "text", std::string(letters, 'x'));
    document.end_gesture();
    journal.record(document);
    journal.flush();
  };
  type(10);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 4096, .rlim_max = old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  type(10000);
  const std::string problem = journal.problem();
  const std::optional<Recoverable> kept = read_journal(only_journal());
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_THAT(problem, testing::HasSubstr("free some space"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(std::get<Literal>(kept->workflow.graph.node("words").inputs.at("text")), std::string(10, 'x'));

  type(20000);
  EXPECT_EQ(journal.problem(), "");
  EXPECT_EQ(to_text(read_journal(only_journal())->workflow), to_text(document.workflow()));
}

TEST_F(Journals, CannotBeKeptWhereNothingCanBeWritten) {
  write_text_file(folder / "file", "");
  EXPECT_THROW(Journal(folder / "file/sessions"), GraphError);
}

}  // namespace
}  // namespace weft::editor
