// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import com.github.dockerjava.api.exception.NotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.TestcontainersConfiguration;

/**
 * The peer with an engine: Testcontainers and a stock image that is here already, for nothing is
 * pulled. Its data is in memory (tmpfs), as its documentation says, and it has the settings that
 * PostgreSQL's names for data that may be lost. The extension is not in the image, so SQL greets.
 */
public final class ContainerPeer {
  private static final String DATA = "/pgdata";
  private static final String LABEL = "io.pghello.benchmarks";
  private static final String RYUK = "ryuk.disabled";
  private static final int TIMEOUT_SECONDS = 20;

  private ContainerPeer() {}

  /** Starts a container of an image, marked as that of a run, greets, and removes it. */
  public static void main(String[] args) throws SQLException {
    try (PostgreSQLContainer container = create(args[0], args[1])) {
      container.start();
      try (Connection connection = container.createConnection("")) {
        System.out.println(EmbeddedPostgresPeer.greet(connection));
      }
    }
  }

  /** A container that is not started yet. */
  public static PostgreSQLContainer create(String image, String run) {
    return new PostgreSQLContainer(
            DockerImageName.parse(image).asCompatibleSubstituteFor("postgres"))
        .withEnv("PGDATA", DATA)
        .withTmpFs(Map.of(DATA, "rw"))
        .withCommand("postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off")
        .withLabel(LABEL, run);
  }

  /** The image to use: the one that a variable names, or the official one of a major. */
  public static String image(int major) {
    return Objects.requireNonNullElse(System.getenv("PG_HELLO_TEST_IMAGE"), "postgres:" + major);
  }

  /** Returns why the image cannot be run here without a pull; null if it can. */
  public static @Nullable String obstacle(String image) {
    if (docker("version").isEmpty()) {
      return "no container engine answers";
    }
    if (docker("image", "inspect", "-f", "ok", image).isEmpty()) {
      return "the container engine has no image " + image + ", and nothing is pulled here";
    }
    String helper = TestcontainersConfiguration.getInstance().getEnvVarOrProperty(RYUK, "false");
    if (!Boolean.parseBoolean(helper)
        && docker("image", "ls", "-q", "testcontainers/ryuk").orElse("").isBlank()) {
      return "Testcontainers would pull its helper testcontainers/ryuk; pull it, or set"
          + " TESTCONTAINERS_RYUK_DISABLED=true";
    }
    return Files.exists(Path.of("/.dockerenv"))
            && Objects.requireNonNullElse(System.getenv("DOCKER_HOST"), "unix:").startsWith("unix:")
            && System.getenv("TESTCONTAINERS_HOST_OVERRIDE") == null
        ? "in a container, Testcontainers would pull a helper to find the engine's address; set"
            + " TESTCONTAINERS_HOST_OVERRIDE"
        : null;
  }

  /** Fails if the engine still knows a container. */
  public static void requireGone(String container) {
    try {
      DockerClientFactory.lazyClient().inspectContainerCmd(container).exec();
    } catch (NotFoundException e) {
      return;
    }
    throw new IllegalStateException("the container " + container + " is still there");
  }

  /** Removes what a run that was ended left behind. */
  public static void removeAll(String run) {
    String ids = docker("ps", "-aq", "--filter", "label=" + LABEL + "=" + run).orElse("");
    ids.lines().forEach(id -> docker("rm", "-fv", id));
  }

  /** Returns what the engine's own client prints, or nothing if it fails or is not there. */
  private static Optional<String> docker(String... arguments) {
    List<String> command = Stream.concat(Stream.of("docker"), Stream.of(arguments)).toList();
    try {
      var program = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
      return Optional.of(Command.run(program, TIMEOUT_SECONDS));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
