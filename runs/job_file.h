// Job files: jobs of a queue, kept in a folder, one file each, and their order. [any thread]
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runs/run_state.h"

namespace weft::runs {

/// Writes the job as `folder/job-ID.json`. Throws GraphError.
void write_job(const Job& job, const std::filesystem::path& folder);
void remove_job(JobId job, const std::filesystem::path& folder);
/// Which job comes after which. Throws GraphError.
void write_order(const std::vector<JobId>& jobs, const std::filesystem::path& folder);

/// The jobs in their order, without ids; those that cannot be read are left out.
std::vector<Job> read_jobs(const std::filesystem::path& folder);
/// Removes all that the functions above have written, and the folder if it is empty then.
void remove_jobs(const std::filesystem::path& folder);

}  // namespace weft::runs
