// A sweep as a job of the queue.
#include <gmock/gmock.h>

#include "host/sweep.h"
#include "runs/job_file.h"
#include "runs/run_queue.h"
#include "tests/runs/sweep_nodes.h"

namespace weft::runs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr OwnerId kOwner = 7;

class SweepJobs : public testing::Test {
 protected:
  SweepJobs() {
    sweep_nodes::add_to(registry);
    options.runner.environment = [this](const std::filesystem::path&) {
      return RunEnvironment{.output_folder = folder.path()};
    };
  }

  JobRequest grey(const std::string& values) const {
    JobRequest request{.owner = kOwner, .title = "sweep", .workflow = sweep_nodes::workflow(), .sweep = true};
    const PortInfo& port = *registry.find("test.draw")->find_input("grey");
    const host::Sweep sweep{{{"draw.grey", host::read_sweep_values(port, values)}}};
    request.workflow.extra = host::with_sweep(request.workflow.extra, sweep);
    return request;
  }

  Registry registry;
  TemporaryFolder folder;
  RunQueueOptions options;
};

TEST_F(SweepJobs, RunAsOneJobAndShowTheTableWithItsPictures) {
  RunQueue queue(registry, options);
  queue.add(grey("5, 6, 7"));
  queue.wait_until_idle();
  const auto now = queue.state();
  ASSERT_EQ(now->history.size(), 1u);
  EXPECT_EQ(now->history[0].state, Job::State::Done);
  EXPECT_EQ(now->history[0].fraction, 1);
  EXPECT_EQ(now->history[0].seeds.size(), 1u) << "drawn once for all";
  EXPECT_THAT(now->history[0].files, ElementsAre(folder / "weft.png"));
  const NodeRun& draw = *now->node(kOwner, "draw");
  ASSERT_EQ(draw.outputs.size(), 1u);
  std::vector<int> greys;
  for (const auto& picture : draw.outputs[0].pictures) greys.push_back(picture->rgb[0]);
  EXPECT_THAT(greys, ElementsAre(99, 5, 6, 7));
  EXPECT_THAT(draw.outputs[0].captions, ElementsAre("", "Grey 5", "Grey 6", "Grey 7"));
  const NodeRun& save = *now->node(kOwner, "save");
  EXPECT_EQ(save.state, NodeRun::State::Done);
  EXPECT_EQ(save.preview->rgb[0], 99);
}

TEST_F(SweepJobs, FailAsAJobWithEachPictureThatFailedAndKeepTheOthers) {
  RunQueue queue(registry, options);
  queue.add(grey("12..14"));
  queue.wait_until_idle();
  const Job job = queue.state()->history.at(0);
  EXPECT_EQ(job.state, Job::State::Failed);
  ASSERT_EQ(job.problems.size(), 1u);
  EXPECT_THAT(job.problems[0].what, HasSubstr("Grey 13: "));
  EXPECT_EQ(job.files.size(), 1u);
}

TEST_F(SweepJobs, OfAFileThatHoldsNonsenseFailWithASentence) {
  JobRequest request = grey("1");
  request.workflow.extra["sweep"] = "everything";
  RunQueue queue(registry, options);
  queue.add(request);
  queue.wait_until_idle();
  EXPECT_THAT(queue.state()->history.at(0).problems.at(0).what, HasSubstr("\"sweep\" is no list"));
}

TEST_F(SweepJobs, WaitOnTheDiskAsOtherJobsDo) {
  Job job{.id = 3, .title = "sweep", .workflow = std::make_shared<const Workflow>(sweep_nodes::workflow()), .cells = 6};
  write_job(job, folder / "queue");
  EXPECT_EQ(read_jobs(folder / "queue").at(0).cells, 6u);
}

}  // namespace
}  // namespace weft::runs
