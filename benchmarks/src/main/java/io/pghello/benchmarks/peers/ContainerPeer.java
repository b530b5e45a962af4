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
 * A peer that uses a container engine: Testcontainers with a stock image. The image must already be
 * present, because the benchmark pulls no images. The container's data is in memory (tmpfs), as
 * recommended by the documentation of Testcontainers, and the server uses PostgreSQL's settings for
 * non-durable data. The image does not contain the extension, so the greeting is computed with
 * plain SQL.
 */
public final class ContainerPeer {
  private static final String DATA = "/pgdata";
  private static final String LABEL = "io.pghello.benchmarks";
  private static final String RYUK = "ryuk.disabled";
  private static final int TIMEOUT_SECONDS = 20;

  private ContainerPeer() {}

  /** Starts a container with the run as a label, requests a greeting, and removes the container. */
  public static void main(String[] args) throws SQLException {
    try (PostgreSQLContainer container = create(args[0], args[1])) {
      container.start();
      try (Connection connection = container.createConnection("")) {
        System.out.println(EmbeddedPostgresPeer.greet(connection));
      }
    }
  }

  /** Creates a container without starting it. */
  public static PostgreSQLContainer create(String image, String run) {
    return new PostgreSQLContainer(
            DockerImageName.parse(image).asCompatibleSubstituteFor("postgres"))
        .withEnv("PGDATA", DATA)
        .withTmpFs(Map.of(DATA, "rw"))
        .withCommand("postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off")
        .withLabel(LABEL, run);
  }

  /**
   * Returns the image that an environment variable specifies or, by default, the official image of
   * a major version.
   */
  public static String image(int major) {
    return Objects.requireNonNullElse(System.getenv("PG_HELLO_TEST_IMAGE"), "postgres:" + major);
  }

  /**
   * Returns the reason why a container cannot start without pulling an image; null if it can start.
   */
  public static @Nullable String obstacle(String image) {
    if (docker("version").isEmpty()) {
      return "no container engine answers";
    }
    if (docker("image", "inspect", "-f", "ok", image).isEmpty()) {
      return "the container engine has no image " + image + ", and the benchmark pulls no images";
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

  /** Throws if the container still exists in the engine. */
  public static void requireGone(String container) {
    try {
      DockerClientFactory.lazyClient().inspectContainerCmd(container).exec();
    } catch (NotFoundException e) {
      return;
    }
    throw new IllegalStateException("the container " + container + " is still there");
  }

  /** Removes containers of interrupted runs. */
  public static void removeAll(String run) {
    String ids = docker("ps", "-aq", "--filter", "label=" + LABEL + "=" + run).orElse("");
    ids.lines().forEach(id -> docker("rm", "-fv", id));
  }

  /** Returns the output of the engine's own client; empty if the client fails or is missing. */
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
