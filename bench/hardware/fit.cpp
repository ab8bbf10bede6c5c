// How far the machine's models are off on published measurements that they were not given.
//
// hardware_fit FOLDER prints one table an effect: bandwidth inside a memory domain and domain after
// domain, programs by cache size, latency under load. Each prediction gets the few numbers that its
// title names and nothing else. The exponent of the bandwidth is judged with each machine left out.
// FOLDER holds bandwidth_scaling.csv, llc_ways.csv and loaded_latency.csv, with their header lines.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "models/machine/cache_share.hpp"
#include "models/machine/loaded_latency.hpp"
#include "models/machine/saturation.hpp"

namespace {

using timeslice::models::Bytes;
using timeslice::models::MissCurve;
using Row = std::vector<std::string>;

std::vector<Row> read_csv(const std::string& path) {
  std::ifstream file{path};
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  std::vector<Row> rows;
  std::string line;
  std::getline(file, line);  // the header
  while (std::getline(file, line)) {
    Row row{""};
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        row.emplace_back();
      } else {
        row.back() += c;
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Relative errors, as absolute values.
struct Errors {
  std::vector<double> all;

  void add(double predicted, double measured) {
    all.push_back(std::abs(predicted / measured - 1.0));
  }
  void add(const Errors& others) { all.insert(all.end(), others.all.begin(), others.all.end()); }
  [[nodiscard]] double mean() const {
    double sum = 0.0;
    for (const double error : all) {
      sum += error;
    }
    return all.empty() ? 0.0 : sum / static_cast<double>(all.size());
  }
  [[nodiscard]] double quantile(double part) const {
    if (all.empty()) {
      return 0.0;
    }
    std::vector<double> sorted = all;
    std::ranges::sort(sorted);
    const double at = part * static_cast<double>(sorted.size() - 1);
    return sorted[static_cast<std::size_t>(at + 0.5)];
  }
};

void print(const std::string& name, const Errors& errors) {
  std::printf("%-46s %5zu  mean %5.2f %%  p95 %5.2f %%  max %5.2f %%\n", name.c_str(),
              errors.all.size(), 100 * errors.mean(), 100 * errors.quantile(0.95),
              100 * errors.quantile(1.0));
}

// Bandwidth ---------------------------------------------------------------------------------------

struct Curve {
  std::string machine;
  std::string name;
  std::vector<double> rate;  // [n - 1]: of n cores
};

/// Cores of one memory domain, of machines whose package has several: from their data sheets.
std::size_t domain_of(const std::string& machine, std::size_t cores) {
  const std::map<std::string, std::size_t> known{{"CascadelakeSP_Gold-6248_SNC", 10},
                                                 {"SkylakeSP_Gold-6148_SNC", 10},
                                                 {"HaswellEP_E5-2695v3_CoD", 7},
                                                 {"Zen2_EPYC-7452", 8},
                                                 {"A64FX_qpace4", 12}};
  const auto at = known.find(machine);
  return at == known.end() ? cores : std::min(cores, at->second);
}

std::vector<Curve> bandwidth_curves(const std::string& folder) {
  std::map<std::tuple<std::string, std::string>, Curve> curves;
  for (const Row& row : read_csv(folder + "/bandwidth_scaling.csv")) {
    if (row.size() < 6 || row[1] != "MEM") {
      continue;
    }
    const std::string name = row[2] + " x" + row[3];
    Curve& curve = curves[{row[0], name}];
    curve.machine = row[0];
    curve.name = name;
    const std::size_t cores = std::stoul(row[4]);
    curve.rate.resize(std::max(curve.rate.size(), cores));
    curve.rate[cores - 1] = std::stod(row[5]);
  }
  std::vector<Curve> list;
  for (auto& [key, curve] : curves) {
    list.push_back(std::move(curve));
  }
  return list;
}

double with_exponent(double users, double alone, double capacity, double p) {
  const double u = std::min(alone / capacity, timeslice::models::most_of_capacity);
  return users * u * capacity /
         std::pow(1.0 + (std::pow(users, p) - 1.0) * std::pow(u, p), 1.0 / p);
}

Errors inside_domain(const Curve& curve, double p) {
  Errors errors;
  const std::size_t cores = domain_of(curve.machine, curve.rate.size());
  const double most = *std::max_element(curve.rate.begin(),
                                        curve.rate.begin() + static_cast<std::ptrdiff_t>(cores));
  for (std::size_t n = 2; n <= cores; ++n) {
    const double users = static_cast<double>(n);
    const double predicted =
        p == 4.0 ? timeslice::models::delivered_to_equals(users, curve.rate[0], most)
                 : with_exponent(users, curve.rate[0], most, p);
    errors.add(predicted, curve.rate[n - 1]);
  }
  return errors;
}

/// What a thread gets in a full domain: as predicted from one core's rate and the highest, or as
/// measured with all of its cores.
enum class FullDomain { predicted, measured };

/// Every thread moves as much: the measured rate of n threads is n times the slowest one's.
Errors domain_after_domain(const Curve& curve, FullDomain source) {
  Errors errors;
  const std::size_t cores = domain_of(curve.machine, curve.rate.size());
  const double most = *std::max_element(curve.rate.begin(),
                                        curve.rate.begin() + static_cast<std::ptrdiff_t>(cores));
  const double full = static_cast<double>(cores);
  const double each = (source == FullDomain::measured
                           ? curve.rate[cores - 1]
                           : timeslice::models::delivered_to_equals(full, curve.rate[0], most)) /
                      full;
  for (std::size_t n = cores + 1; n <= curve.rate.size(); ++n) {
    if (curve.rate[n - 1] > 0.0) {
      errors.add(each * static_cast<double>(n), curve.rate[n - 1]);
    }
  }
  return errors;
}

void judge_domains(const std::map<std::string, std::vector<Curve>>& machines, FullDomain source) {
  Errors all;
  for (const auto& [machine, curves] : machines) {
    Errors errors;
    const Curve* worst = nullptr;
    double most = 0.0;
    for (const Curve& curve : curves) {
      const Errors own = domain_after_domain(curve, source);
      worst = own.quantile(1.0) > most ? &curve : worst;
      most = std::max(most, own.quantile(1.0));
      errors.add(own);
    }
    if (worst != nullptr) {
      print("  " + machine + ", worst " + worst->name, errors);
      all.add(errors);
    }
  }
  print("  all", all);
}

/// How far a curve's last value is below its highest, inside one domain.
void print_losses(const std::map<std::string, std::vector<Curve>>& machines) {
  for (const auto& [machine, curves] : machines) {
    Errors losses;
    for (const Curve& curve : curves) {
      const auto cores = static_cast<std::ptrdiff_t>(domain_of(machine, curve.rate.size()));
      const auto end = curve.rate.begin() + cores;
      losses.add(*(end - 1), *std::max_element(curve.rate.begin(), end));
    }
    print("  " + machine, losses);
  }
}

void judge_exponent(const std::map<std::string, std::vector<Curve>>& machines) {
  constexpr std::array<double, 4> exponents{3.0, 4.0, 5.0, 6.0};
  Errors left_out;
  for (const auto& [machine, own] : machines) {
    double best = 0.0;
    double best_error = 1e9;
    for (const double p : exponents) {
      Errors others;
      for (const auto& [name, curves] : machines) {
        for (const Curve& curve : name == machine ? std::vector<Curve>{} : curves) {
          others.add(inside_domain(curve, p));
        }
      }
      if (others.mean() < best_error) {
        best_error = others.mean();
        best = p;
      }
    }
    Errors errors;
    for (const Curve& curve : own) {
      errors.add(inside_domain(curve, best));
    }
    print("  " + machine + ": others choose p = " + std::to_string(static_cast<int>(best)), errors);
    left_out.add(errors);
  }
  print("  all, each machine left out", left_out);
}

void judge_bandwidth(const std::string& folder) {
  std::map<std::string, std::vector<Curve>> machines;
  for (Curve& curve : bandwidth_curves(folder)) {
    const std::string machine = curve.machine;
    machines[machine].push_back(std::move(curve));
  }
  std::printf("bandwidth inside a memory domain, from one core's and the highest (p = 4):\n");
  Errors all;
  for (const auto& [machine, curves] : machines) {
    Errors errors;
    for (const Curve& curve : curves) {
      errors.add(inside_domain(curve, 4.0));
    }
    print("  " + machine, errors);
    all.add(errors);
  }
  print("  all", all);
  std::printf(
      "the exponent, chosen among 3, 4, 5 and 6 without the machine that it is judged on:\n");
  judge_exponent(machines);
  std::printf("domain after domain, equal work a thread, from the same two numbers:\n");
  judge_domains(machines, FullDomain::predicted);
  std::printf("a full domain below the highest rate of its curve:\n");
  print_losses(machines);
  std::printf("domain after domain, from what all cores of one were measured to get:\n");
  judge_domains(machines, FullDomain::measured);
}

// Programs by cache size --------------------------------------------------------------------------

struct Program {
  std::map<int, double> cpi;
  std::map<int, double> misses;  // a thousand instructions
};

Errors judge_program(const Program& program, const std::vector<int>& knots) {
  std::vector<timeslice::models::MissPoint> points;
  for (const int ways : knots) {
    points.push_back({.size = Bytes{ways}, .ratio = program.misses.at(ways)});
  }
  const MissCurve curve{points};
  // CPI is linear in misses through the smallest and the largest cache.
  const double few = program.misses.at(knots.back());
  const double many = program.misses.at(knots.front());
  const double flat = 1e-3;
  const double stall =
      std::abs(many - few) < flat
          ? 0.0
          : (program.cpi.at(knots.front()) - program.cpi.at(knots.back())) / (many - few) * 1000.0;
  const double base = program.cpi.at(knots.back()) - stall * few / 1000.0;
  Errors errors;
  for (const auto& [ways, cpi] : program.cpi) {
    if (std::ranges::find(knots, ways) != knots.end()) {
      continue;
    }
    const double predicted = timeslice::models::cpi_with_misses(
        base, curve.at(static_cast<double>(ways)) / 1000.0, stall);
    errors.add(1.0 / predicted, 1.0 / cpi);
  }
  return errors;
}

void judge_cache(const std::string& folder) {
  std::map<std::string, Program> programs;
  for (const Row& row : read_csv(folder + "/llc_ways.csv")) {
    const int ways = std::stoi(row[1]);
    programs[row[0]].cpi[ways] = 1.0 / std::stod(row[2]);
    programs[row[0]].misses[ways] = std::stod(row[4]);
  }
  std::printf("instructions a cycle of a program, from its points at the ways named:\n");
  const std::vector<std::vector<int>> sets{{1, 11}, {1, 3, 11}, {1, 4, 11}, {1, 3, 6, 11}};
  for (const std::vector<int>& knots : sets) {
    Errors all;
    Errors sensitive;
    std::pair<double, std::string> worst;
    for (const auto& [name, program] : programs) {
      const Errors errors = judge_program(program, knots);
      all.add(errors);
      if (program.cpi.at(1) > 1.1 * program.cpi.at(11)) {
        sensitive.add(errors);
      }
      worst = std::max(worst, {errors.quantile(1.0), name});
    }
    std::string title = "  ways";
    for (const int ways : knots) {
      title += " " + std::to_string(ways);
    }
    print(title + ", " + std::to_string(programs.size()) + " programs", all);
    print("    those that lose over 10 % (worst: " + worst.second + ")", sensitive);
  }
}

// Latency under load ------------------------------------------------------------------------------

void judge_latency(const std::string& folder) {
  struct Point {
    double latency, bandwidth;
  };
  std::map<std::string, std::vector<Point>> machines;
  for (const Row& row : read_csv(folder + "/loaded_latency.csv")) {
    machines[row[0]].push_back({std::stod(row[1]), std::stod(row[2])});
  }
  std::printf("latency under load, from idle and saturated latency and the highest bandwidth:\n");
  Errors all;
  double sum = 0.0;
  for (auto& [machine, points] : machines) {
    std::ranges::sort(points, {}, &Point::bandwidth);
    const double idle = points.front().latency;
    const double most = std::ranges::max_element(points, {}, &Point::bandwidth)->bandwidth;
    const double saturated = std::ranges::max_element(points, {}, &Point::latency)->latency;
    Errors errors;
    for (const Point& point : points) {
      const double factor =
          timeslice::models::latency_factor(point.bandwidth / most, saturated / idle);
      errors.add(idle * factor, point.latency);
    }
    print("  " + machine, errors);
    all.add(errors);
    sum += errors.mean();
  }
  print("  all", all);
  std::printf("  mean over curves %.2f %%\n", 100 * sum / static_cast<double>(machines.size()));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: hardware_fit FOLDER, which holds the three tables\n");
    return 2;
  }
  const std::string folder = arguments[1];
  judge_bandwidth(folder);
  judge_cache(folder);
  judge_latency(folder);
  return 0;
}
