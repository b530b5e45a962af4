// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.CpuTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.io.FileUtils;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's own benchmark client, which shows the server's capacity without a JVM. */
public final class PgbenchPeer implements AutoCloseable {
  static final int PIPELINED = 256;

  private static final Pattern RATE = Pattern.compile("(?m)^tps = ([0-9.]+)");
  private static final int TIMEOUT_SECONDS = 30;

  private static final String NAME = "\\set name random(1000000000, 2000000000)\n";
  private static final String HELLO = "SELECT pg_hello(:name);\n";
  private static final String CHECKED =
      NAME
          + "SELECT pg_hello(:name) = 'Hello, ' || :name || '!' AS right \\gset\n"
          + "\\if :right\n\\else\n\\set wrong 1 / 0\n\\endif\n";

  private final @Nullable String program = find();
  private final Address address;
  private final long serverPid;
  private final Path folder;

  public PgbenchPeer(Address address, long serverPid) throws IOException {
    this.address = address;
    this.serverPid = serverPid;
    this.folder = Files.createTempDirectory("bench-pg-hello-pgbench");
    Files.writeString(folder.resolve("checked"), CHECKED);
    Files.writeString(folder.resolve("single"), NAME + HELLO);
    Files.writeString(
        folder.resolve("pipelined"),
        NAME + "\\startpipeline\n" + HELLO.repeat(PIPELINED) + "\\endpipeline\n");
    // if a run is interrupted, this object is not closed, so delete its files when the JVM exits
    FileUtils.forceDeleteOnExit(folder.toFile());
  }

  /** Returns whether pgbench is available. */
  public boolean isInstalled() {
    return program != null;
  }

  /** Finds pgbench on the path. If it is missing, finds the newest one in Debian's directories. */
  private static @Nullable String find() {
    String found = "command -v pgbench || ls -rv /usr/lib/postgresql/*/bin/pgbench";
    try {
      var shell = new ProcessBuilder("sh", "-c", found);
      String paths = Command.run(shell.redirectError(ProcessBuilder.Redirect.DISCARD), 10);
      return paths.lines().findFirst().orElse(null);
    } catch (IOException e) {
      return null;
    }
  }

  /** Throws if a result is wrong. */
  public void check() throws IOException {
    run("checked", "-t", "100");
  }

  /** Returns thousands of calls per second. */
  public Sample single(int clients) throws IOException {
    return rate("single", 1, clients);
  }

  /** Returns thousands of calls per second, with many pipelined calls on each connection. */
  public Sample pipelined(int clients) throws IOException {
    return rate("pipelined", PIPELINED, clients);
  }

  private Sample rate(String script, int calls, int clients) throws IOException {
    CpuTime cpu = CpuTime.start(CpuTime.Client.CHILDREN, serverPid);
    double rate = calls * run(script, "-T", "1", "-c", Integer.toString(clients));
    // pgbench runs for one second, so the rate is also the number of calls, in thousands
    return new Sample(rate, cpu.microsPerCall(rate * 1e3));
  }

  private double run(String script, String... options) throws IOException {
    String found = Objects.requireNonNull(program, "pgbench is not installed");
    List<String> command = new ArrayList<>(List.of(found, "-n", "-M", "prepared"));
    command.addAll(List.of("-h", address.host(), "-p", Integer.toString(address.port())));
    command.addAll(List.of("-U", address.user(), "-f", folder.resolve(script).toString()));
    command.addAll(List.of(options));
    command.add(address.database());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PGPASSWORD", address.password());
    Matcher rate = RATE.matcher(Command.run(builder, TIMEOUT_SECONDS));
    if (!rate.find()) {
      throw new IllegalStateException("the output of pgbench contains no rate");
    }
    return Double.parseDouble(rate.group(1)) / 1e3;
  }

  @Override
  public void close() throws IOException {
    FileUtils.deleteDirectory(folder.toFile());
  }
}
