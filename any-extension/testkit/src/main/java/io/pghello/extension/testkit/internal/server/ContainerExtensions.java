// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.database.Login;
import io.pghello.extension.testkit.internal.files.ExtensionBundle;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.PostgreSQLContainer;
import org.testcontainers.images.builder.Transferable;

/**
 * The extensions of a container of a {@code postgres} image. Their settings are added to the
 * server's command, and their files are copied into the container. Not thread-safe.
 */
// see ExtensionContainer for the use of this deprecated class
@SuppressWarnings("deprecation")
public final class ContainerExtensions {
  private final PostgreSQLContainer<?> container;
  private final Map<String, String> settings;
  private final List<ServerExtension> extensions = new ArrayList<>();
  private @Nullable IllegalStateException refusal;

  /**
   * Adds the settings to the container's command.
   *
   * @param settings the server settings in addition to the extensions' settings
   */
  public ContainerExtensions(PostgreSQLContainer<?> container, Map<String, String> settings) {
    this.container = container;
    this.settings = settings;
    container.withCreateContainerCmdModifier(
        command -> command.withCmd(withSettings(command.getCmd(), extensions, settings)));
  }

  /** Adds an extension. */
  public void add(ServerExtension extension) {
    extensions.add(extension);
  }

  /**
   * Appends the settings of the extensions to a server command, or to the image's default command
   * if {@code command} is null.
   */
  static List<String> withSettings(
      String @Nullable [] command, List<ServerExtension> extensions, Map<String, String> settings) {
    var all = new ArrayList<String>(command == null ? List.of() : Arrays.asList(command));
    ExtensionBundle.settings(extensions, settings)
        .forEach((name, value) -> all.addAll(List.of("-c", name + "=" + value)));
    return all;
  }

  /**
   * Starts the container.
   *
   * @param start the {@code start()} of the container's superclass
   * @throws IllegalStateException if the image is not supported, or two extensions need different
   *     values of a setting
   */
  public void start(Runnable start) {
    refusal = null;
    // check the settings here, because Testcontainers would wrap exceptions from the command
    // modifier
    Map<String, String> unused = ExtensionBundle.settings(extensions, settings);
    try {
      start.run();
    } catch (ContainerLaunchException e) {
      if (refusal == null) {
        throw e;
      }
      container.stop();
      throw refusal;
    }
  }

  /** Copies the files into the created container. */
  public void copyFiles(String containerId) {
    try {
      copyExtensions(containerId);
    } catch (IllegalStateException e) {
      refusal = e;
      throw e;
    }
  }

  private void copyExtensions(String containerId) {
    String image = container.getDockerImageName();
    InspectImageResponse inspected = container.getDockerClient().inspectImageCmd(image).exec();
    Platform platform =
        Platform.of(
            Objects.requireNonNullElse(inspected.getOs(), "linux"),
            Objects.requireNonNullElse(inspected.getArch(), "amd64"),
            isAlpine(containerId));
    int major = major(image, inspected);
    // Debian has a directory for each major version; the Alpine image has a single server, built
    // from source
    boolean alpine = platform.musl();
    String libraries =
        alpine ? "/usr/local/lib/postgresql/" : "/usr/lib/postgresql/" + major + "/lib/";
    String shared =
        alpine ? "/usr/local/share/postgresql/" : "/usr/share/postgresql/" + major + "/";
    files(image, platform, major, libraries, shared)
        .forEach(
            (path, content) ->
                container.copyFileToContainer(
                    Transferable.of(content, path.startsWith(shared) ? 0644 : 0755), path));
  }

  private Map<String, byte[]> files(
      String image, Platform platform, int major, String libraries, String shared) {
    try {
      return ExtensionBundle.files(extensions, platform, major, libraries, shared);
    } catch (IllegalStateException e) {
      throw new IllegalStateException(image + " cannot be used: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isAlpine(String containerId) {
    try (InputStream release =
        container
            .getDockerClient()
            .copyArchiveFromContainerCmd(containerId, "/etc/alpine-release")
            .exec()) {
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
            + " does not set PG_MAJOR, so its PostgreSQL version is unknown. Use an official"
            + " postgres image, or an image that is based on one.");
  }

  /**
   * Creates the template database in the started container.
   *
   * @param schema the schema to create the extensions in; null for the default schema
   */
  public DatabaseFactory prepareDatabases(@Nullable String schema) {
    DatabaseFactory databases =
        DatabaseFactory.foreign(
            container.getHost(),
            container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT),
            container.getDatabaseName(),
            new Login(container.getUsername(), container.getPassword()),
            DatabaseNames.of(extensions, schema),
            false);
    try {
      databases.prepare();
    } catch (SQLException e) {
      throw new IllegalStateException(
          "could not prepare the template database: " + e.getMessage(), e);
    }
    return databases;
  }
}
