// The doctor on canned trees of /proc and /sys.

#include "validation/doctor.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace timeslice::validation {
namespace {

namespace fs = std::filesystem;

class DoctorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "timeslice-doctor-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    write("proc/loadavg", "0.02 0.10 0.20 1/200 4711\n");
    write("proc/stat", "cpu  1000 0 500 90000 10 0 5 0 0 0\n");
    write("proc/cpuinfo", "flags\t\t: fpu vme\n");
    write("proc/meminfo",
          "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
    write("proc/self/cgroup", "0::/user\n");
    write("proc/self/limits",
          "Max processes             63000   63000  processes\n"
          "Max open files            1024    1048576  files\n"
          "Max address space         unlimited  unlimited  bytes\n");
    write("proc/sys/kernel/osrelease", "6.12.1\n");
    write("proc/sys/kernel/version", "#1 SMP\n");
    write("proc/sys/kernel/sched_autogroup_enabled", "0\n");
    write("proc/sys/kernel/perf_event_paranoid", "1\n");
    write("sys/devices/system/cpu/online", "0-3\n");
    write("sys/devices/system/cpu/smt/active", "0\n");
    write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    write("sys/fs/cgroup/user/cpu.max", "max 100000\n");
    write("sys/fs/cgroup/user/cpuset.cpus.effective", "0-3\n");
    write("sys/kernel/tracing/available_events", "sched:sched_switch\n");
    write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream{root_ / name} << text;
  }

  [[nodiscard]] std::vector<Check> examined() const {
    return examine({.root = root_.string(),
                    .pythons = {"/opt/python"},
                    .ask =
                        [this](const std::string&, const std::string& text) {
                          return !python_runs_ ? std::nullopt
                                 : text.find("matplotlib") == std::string::npos
                                     ? std::optional{"3.11.2\n"}
                                     : std::optional{"3.6\n"};
                        },
                    .temporary = root_.string()});
  }

  [[nodiscard]] Check check(const std::string& name) const {
    const std::vector<Check> all = examined();
    const auto found = std::ranges::find(all, name, &Check::name);
    return found == all.end()
               ? Check{.name = "none", .verdict = Verdict::bad, .value = {}, .mend = {}}
               : *found;
  }

  fs::path root_;
  bool python_runs_ = true;
};

TEST_F(DoctorTest, finds_nothing_on_a_healthy_host) {
  for (const Check& one : examined()) {
    EXPECT_EQ(one.verdict, Verdict::ok) << one.name << ": " << one.value;
    EXPECT_TRUE(one.mend.empty()) << one.name;
  }
  EXPECT_TRUE(runs_are_possible(examined()));
}

TEST_F(DoctorTest, sees_load_by_its_share_of_the_cpus) {
  write("proc/loadavg", "1.20 0.10 0.20 1/200 4711\n");
  EXPECT_EQ(check("load of others").verdict, Verdict::doubt);
  write("proc/loadavg", "4.00 0.10 0.20 1/200 4711\n");
  EXPECT_EQ(check("load of others").verdict, Verdict::bad);
}

TEST_F(DoctorTest, sees_a_hypervisor_and_the_time_it_took) {
  write("proc/cpuinfo", "flags\t\t: fpu hypervisor lahf_lm\n");
  EXPECT_EQ(check("virtual machine").verdict, Verdict::doubt);
  write("proc/stat", "cpu  1000 0 500 90000 10 0 5 5000 0 0\n");
  EXPECT_EQ(check("stolen time").verdict, Verdict::bad);
}

TEST_F(DoctorTest, sees_quota_and_cpu_set_of_its_container) {
  write("sys/fs/cgroup/user/cpu.max", "50000 100000\n");
  write("sys/fs/cgroup/user/cpuset.cpus.effective", "0,2\n");
  EXPECT_EQ(check("CPU quota").verdict, Verdict::bad);
  EXPECT_EQ(check("CPU set").value, "2 of 4 CPUs");
  EXPECT_EQ(check("CPU set").verdict, Verdict::doubt);
}

TEST_F(DoctorTest, sees_settings_that_change_what_things_cost) {
  write("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
  write("proc/sys/kernel/sched_autogroup_enabled", "1\n");
  write("sys/devices/system/cpu/smt/active", "1\n");
  write("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
  write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  write("proc/meminfo", "MemAvailable: 100000 kB\nSwapTotal: 4000000 kB\nSwapFree: 1000000 kB\n");
  EXPECT_EQ(check("huge pages").verdict, Verdict::doubt);
  EXPECT_EQ(check("autogroup").verdict, Verdict::doubt);
  EXPECT_EQ(check("hardware threads").verdict, Verdict::doubt);
  EXPECT_EQ(check("clock source").verdict, Verdict::bad);
  EXPECT_EQ(check("frequency governor").verdict, Verdict::doubt);
  EXPECT_EQ(check("free memory").verdict, Verdict::bad);
  EXPECT_EQ(check("swap").verdict, Verdict::doubt);
  EXPECT_TRUE(runs_are_possible(examined())) << "they spoil runs, they do not prevent them";
}

TEST_F(DoctorTest, a_limit_that_no_pool_fits_into_prevents_runs) {
  write("proc/self/limits", "Max processes             10   63000  processes\n");
  EXPECT_EQ(check("limit of processes").verdict, Verdict::bad);
  EXPECT_FALSE(runs_are_possible(examined()));
}

TEST_F(DoctorTest, without_a_python_there_are_no_runs) {
  python_runs_ = false;
  EXPECT_FALSE(runs_are_possible(examined()));
}

TEST_F(DoctorTest, says_what_it_cannot_read_instead_of_failing) {
  fs::remove_all(root_ / "proc");
  fs::remove_all(root_ / "sys");
  EXPECT_FALSE(examined().empty());
  EXPECT_EQ(check("kernel").value, "not readable");
}

}  // namespace
}  // namespace timeslice::validation
