// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedServerTest {
  @Test
  void distinguishesAPortInUseFromAPrivilegedPort() {
    assertThat(ServerPort.portProblem(80, new BindException("Permission denied")))
        .isEqualTo(
            "Port 80 is not allowed: Permission denied. Choose another port, or 0 for any free"
                + " port.");
    assertThat(ServerPort.portProblem(5432, new BindException("Address already in use")))
        .startsWith("Port 5432 is taken: Address already in use. Choose another port");
  }

  @Test
  void returnsTheCommandThatStopsAKeptServer() {
    Path folder = Path.of("/tmp/it's one");
    Path data = folder.resolve("data");
    assertThat(KeptServer.endCommand(programs("darwin"), folder, data))
        .isEqualTo(
            "kill -QUIT $(head -n 1 '/tmp/it'\\''s one/data/postmaster.pid')"
                + " && while [ -e '/tmp/it'\\''s one/data/postmaster.pid' ]; do sleep 0.1; done"
                + " && rm -rf '/tmp/it'\\''s one'");
    assertThat(KeptServer.endCommand(programs("windows"), folder, data))
        .isEqualTo(
            "\"/server/bin/pg_ctl.exe\" -D \"/tmp/it's one/data\" -m immediate stop"
                + " && rmdir /s /q \"/tmp/it's one\"");
  }

  private static PostgresCommands programs(String system) {
    return new PostgresCommands(Path.of("/server"), new Platform(system, "amd64", false));
  }

  @Test
  void findsTheLibrariesThatExtensionsNeed() {
    Path needed = Path.of("/server/lib/needed");
    var linux = new HashMap<>(Map.of("LD_LIBRARY_PATH", "/other"));
    programs("linux").addLibraries(linux, needed);
    assertThat(linux).isEqualTo(Map.of("LD_LIBRARY_PATH", "/server/lib/needed:/server/lib:/other"));
    var windows = new HashMap<>(Map.of("Path", "C:\\Windows"));
    programs("windows").addLibraries(windows, needed);
    assertThat(windows).isEqualTo(Map.of("Path", "/server/lib/needed;/server/lib;C:\\Windows"));
  }

  /**
   * Data of another PROJ version, e.g. from a Conda environment, may be incompatible with the
   * library.
   */
  @Test
  void usesItsOwnDataForProj(@TempDir Path folder) throws IOException {
    Platform platform = new Platform("linux", "amd64", false);
    var programs = new PostgresCommands(folder, platform);
    // an auxiliary database or grids from the network would also change the results
    Map<String, String> users =
        Map.of(
            "PROJ_LIB",
            "/other",
            "PROJ_DATA",
            "/other",
            "PROJ_AUX_DB",
            "/db",
            "PROJ_NETWORK",
            "ON");
    var environment = new HashMap<>(users);
    programs.useOwnData(environment);
    assertThat(environment).isEqualTo(users);
    String data = Files.createDirectories(folder.resolve("lib/share/proj")).toString();
    programs.useOwnData(environment);
    assertThat(environment)
        .isEqualTo(Map.of("PROJ_DATA", data, "PROJ_USER_WRITABLE_DIRECTORY", data));
  }
}
