#include "base/process.h"
#include "commands/run.h"

int main(int argc, char** argv) {
  rolecall::end_process(rolecall::cli::run(argc, argv));
}
