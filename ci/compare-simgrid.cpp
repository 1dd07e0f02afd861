// Runs the flows of a file (see emulator/examples/fluid_flows.rs) through SimGrid, one host per machine and one link per limit. Prints the
// CPU seconds of the simulation, then the completion time of each flow in seconds.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <string>
#include <time.h>
#include <vector>

#include <simgrid/s4u.hpp>

namespace sg4 = simgrid::s4u;

struct Flow {
  size_t from, to;
  double start;
  unsigned long bytes;
};

static double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int argc, char** argv) {
  sg4::Engine engine(&argc, argv);
  std::ifstream file(argv[1]);
  size_t machines, limit_count, flow_count;
  file >> machines >> limit_count >> flow_count;
  auto* zone = sg4::create_full_zone("network");
  std::vector<sg4::Host*> hosts;
  for (size_t machine = 0; machine < machines; machine++)
    hosts.push_back(zone->create_host("m" + std::to_string(machine), 1e9));
  std::vector<sg4::Link*> limits;
  for (size_t limit = 0; limit < limit_count; limit++) {
    double bits;
    file >> bits;
    limits.push_back(zone->create_link("l" + std::to_string(limit), bits / 8)->set_latency(0)->seal());
  }
  std::vector<Flow> flows(flow_count);
  for (auto& flow : flows) {
    size_t passed;
    double nanos;
    file >> flow.from >> flow.to >> nanos >> flow.bytes >> passed;
    flow.start = nanos / 1e9;
    std::vector<sg4::LinkInRoute> route;
    for (size_t hop = 0; hop < passed; hop++) {
      size_t limit;
      file >> limit;
      route.emplace_back(limits[limit]);
    }
    zone->add_route(hosts[flow.from]->get_netpoint(), hosts[flow.to]->get_netpoint(), nullptr, nullptr, route, false);
  }
  zone->seal();
  std::vector<double> ends(flow_count);
  sg4::Actor::create("sender", hosts[0], [&] {
    std::vector<size_t> order(flow_count);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return flows[a].start < flows[b].start; });
    std::vector<sg4::CommPtr> sent(flow_count);
    for (size_t number : order) {
      const Flow& flow = flows[number];
      if (flow.start > sg4::Engine::get_clock())
        sg4::this_actor::sleep_until(flow.start);
      sent[number] = sg4::Comm::sendto_async(hosts[flow.from], hosts[flow.to], flow.bytes);
    }
    for (auto& comm : sent)
      comm->wait();
    for (size_t number = 0; number < flow_count; number++)
      ends[number] = sent[number]->get_finish_time();
  });
  double before = cpu_seconds();
  engine.run();
  std::printf("%.9f\n", cpu_seconds() - before);
  for (double end : ends)
    std::printf("%.12g\n", end);
}
