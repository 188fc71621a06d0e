#include "runs/job_journal.h"

#include "runs/job_file.h"

namespace weft::runs {

void JobJournal::keep(const Job& job) {
  if (folder_.empty()) return;
  writer_.add([job, folder = folder_] { write_job(job, folder); });
}

void JobJournal::remove(JobId job) {
  if (folder_.empty()) return;
  writer_.add([job, folder = folder_] { remove_job(job, folder); });
}

void JobJournal::keep_order(const std::vector<Job>& queue) {
  if (folder_.empty()) return;
  std::vector<JobId> order;
  for (const Job& job : queue) order.push_back(job.id);
  writer_.add([order, folder = folder_] {
    if (order.empty())
      remove_jobs(folder);
    else
      write_order(order, folder);
  });
}

void JobJournal::discard(const std::filesystem::path& folder) {
  writer_.add([folder] { remove_jobs(folder); });
}

}  // namespace weft::runs
