// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import io.pghello.extension.testkit.internal.Databases;
import io.pghello.extension.testkit.internal.Databases.Login;
import io.pghello.extension.testkit.internal.Platform;
import io.pghello.testkit.internal.ExtensionFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.PostgreSQLContainer;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/**
 * A stock {@code postgres} image with the files of the extension {@code pg_hello} copied in, so
 * that {@code CREATE EXTENSION pg_hello} works. There is no image to build or to publish.
 *
 * <p>Supported are the official images, Debian-based or Alpine, of the majors, architectures and C
 * libraries that the jar {@code pg-hello-extension} has libraries for. Any other is refused at the
 * start with a sentence that names those there are.
 *
 * <p>Needs Testcontainers 2 ({@code org.testcontainers:testcontainers-postgresql}) or 1.21 ({@code
 * org.testcontainers:postgresql}) on the class path, and a container engine. Not thread-safe until
 * it is started.
 */
// The class of both: Testcontainers 2 has deprecated it for one that Testcontainers 1 lacks.
@SuppressWarnings("deprecation")
public final class PgHelloContainer extends PostgreSQLContainer<PgHelloContainer> {
  private @Nullable Databases databases;
  private @Nullable IllegalStateException refusal;

  /**
   * Creates a container; {@link #start()} starts it.
   *
   * @param image the name of a {@code postgres} image, as in {@code postgres:17}
   */
  public PgHelloContainer(String image) {
    this(DockerImageName.parse(image));
  }

  /**
   * Creates a container; {@link #start()} starts it.
   *
   * @param image the name of a {@code postgres} image, or of a compatible substitute
   */
  public PgHelloContainer(DockerImageName image) {
    super(image);
  }

  /**
   * Starts the container.
   *
   * @throws IllegalStateException if the image is not supported; the message says why, and the
   *     container is removed
   */
  @Override
  public void start() {
    refusal = null;
    try {
      super.start();
    } catch (ContainerLaunchException e) {
      if (refusal == null) {
        throw e;
      }
      stop();
      throw refusal;
    }
  }

  /** Copies the files in when the container exists, before it runs. */
  @Override
  protected void containerIsCreated(String containerId) {
    try {
      copyExtension(containerId);
    } catch (IllegalStateException e) {
      refusal = e;
      throw e;
    }
    super.containerIsCreated(containerId);
  }

  private void copyExtension(String containerId) {
    String image = getDockerImageName();
    InspectImageResponse inspected = dockerClient.inspectImageCmd(image).exec();
    String platform =
        Platform.of(
            Objects.requireNonNullElse(inspected.getOs(), "linux"),
            Objects.requireNonNullElse(inspected.getArch(), "amd64"),
            isAlpine(containerId));
    int major = major(image, inspected);
    byte[] library = library(image, platform, major);
    // Debian keeps majors apart; the Alpine image has one, which its own build has installed
    boolean alpine = platform.endsWith("-musl");
    String libraries =
        alpine ? "/usr/local/lib/postgresql/" : "/usr/lib/postgresql/" + major + "/lib/";
    String shared =
        alpine ? "/usr/local/share/postgresql/" : "/usr/share/postgresql/" + major + "/";
    copyFileToContainer(Transferable.of(library, 0755), libraries + ExtensionFiles.LIBRARY);
    for (Map.Entry<String, byte[]> script : ExtensionFiles.scripts().entrySet()) {
      copyFileToContainer(
          Transferable.of(script.getValue(), 0644), shared + "extension/" + script.getKey());
    }
  }

  private static byte[] library(String image, String platform, int major) {
    try {
      return ExtensionFiles.library(platform, major);
    } catch (IllegalStateException e) {
      throw new IllegalStateException(image + " cannot be used: " + e.getMessage(), e);
    }
  }

  private boolean isAlpine(String containerId) {
    try (InputStream release =
        dockerClient.copyArchiveFromContainerCmd(containerId, "/etc/alpine-release").exec()) {
      return release != null;
    } catch (NotFoundException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int major(String image, InspectImageResponse inspected) {
    String[] environment = inspected.getConfig() == null ? null : inspected.getConfig().getEnv();
    if (environment != null) {
      for (String variable : environment) {
        if (variable.matches("PG_MAJOR=[0-9]{1,4}")) {
          return Integer.parseInt(variable.substring("PG_MAJOR=".length()));
        }
      }
    }
    throw new IllegalStateException(
        image
            + " does not say its PostgreSQL version in the variable PG_MAJOR, as the official postgres"
            + " images do. Use one of these.");
  }

  @Override
  protected void containerIsStarted(InspectContainerResponse container) {
    super.containerIsStarted(container);
    var created =
        Databases.foreign(
            getHost(),
            getMappedPort(POSTGRESQL_PORT),
            getDatabaseName(),
            new Login(getUsername(), getPassword()),
            PgHelloServer.NAMES);
    try {
      created.prepare();
    } catch (SQLException e) {
      throw new IllegalStateException("could not prepare the template database", e);
    }
    databases = created;
  }

  @Override
  protected void containerIsStopped(InspectContainerResponse container) {
    databases = null;
    super.containerIsStopped(container);
  }

  /**
   * Creates a database that has the extension and belongs to an ordinary role.
   *
   * @throws IllegalStateException if the container does not run, or the server does not do it
   */
  public TestDatabase createDatabase() {
    return TestDatabase.create(databases(), true);
  }

  Databases databases() {
    if (databases == null) {
      throw new IllegalStateException("the container is not started");
    }
    return databases;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "PgHelloContainer[%s]", getDockerImageName());
  }
}
