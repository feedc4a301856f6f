#include "cli/run.h"

int main(int argc, char** argv) {
  return rolecall::cli::run(argc, argv);
}
