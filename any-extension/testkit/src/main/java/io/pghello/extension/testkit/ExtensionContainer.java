// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.database.Login;
import io.pghello.extension.testkit.internal.files.ExtensionBundle;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import io.pghello.extension.testkit.internal.server.NamedExtensions;
import io.pghello.extension.testkit.internal.server.SharedServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.PostgreSQLContainer;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/**
 * A container of a stock {@code postgres} image with native extensions. Their files are copied into
 * the container, so {@code CREATE EXTENSION} works without a custom image.
 *
 * <pre>{@code
 * try (var container = new ExtensionContainer<>("postgres:17").withExtension("vector")) {
 *   container.start();
 *   DataSource dataSource = container.createDatabase().dataSource();
 * }
 * }</pre>
 *
 * <p>Requires a container engine, and Testcontainers 2 ({@code
 * org.testcontainers:testcontainers-postgresql}) or 1.21 ({@code org.testcontainers:postgresql}) on
 * the class path. Not thread-safe before {@link #start()} has returned.
 *
 * <ul>
 *   <li>Images: Supports the official images, based on Debian or Alpine, if the extensions have
 *       libraries for the image's major version, architecture and C library. Otherwise, {@link
 *       #start()} fails, and the message contains the reason.
 *   <li>Libraries: Other libraries that are packaged with an extension are copied too, except for
 *       the C library: the server uses the image's own.
 *   <li>{@code @ServiceConnection}: The application connects to the container's own database, which
 *       does not have the extensions. Run {@code CREATE EXTENSION} there, for example in a
 *       migration.
 * </ul>
 *
 * @param <SELF> the type that the fluent methods return
 */
// The superclass exists in Testcontainers 1 and 2. Testcontainers 2 deprecates it in favor of a
// class that Testcontainers 1 does not have. The constructor calls an overridable method, which
// only stores its argument.
@SuppressWarnings({"deprecation", "this-escape"})
public class ExtensionContainer<SELF extends ExtensionContainer<SELF>>
    extends PostgreSQLContainer<SELF> {
  private final String role;
  private final String application;
  private final List<ServerExtension> extensions = new ArrayList<>();
  private final Map<String, String> settings = new LinkedHashMap<>();
  private @Nullable String schema;
  private @Nullable DatabaseFactory databases;
  private @Nullable IllegalStateException refusal;

  /**
   * Creates a container. {@link #start()} starts it.
   *
   * @param image the name of a {@code postgres} image or of an image that is based on one, e.g.
   *     {@code postgres:17} or {@code postgis/postgis:17-3.5}
   */
  public ExtensionContainer(String image) {
    this(DockerImageName.parse(image));
  }

  /**
   * Creates a container. {@link #start()} starts it.
   *
   * @param image the name of a {@code postgres} image or of an image that is based on one
   */
  public ExtensionContainer(DockerImageName image) {
    this(image, NamedExtensions.PREFIX, NamedExtensions.APPLICATION);
  }

  /**
   * Creates a container. For subclasses in this project only.
   *
   * @param image the name of a {@code postgres} image or of an image that is based on one
   * @param role the name of the ordinary role, and the prefix of its databases' names
   * @param application the {@code application_name} of the superuser's sessions
   */
  protected ExtensionContainer(DockerImageName image, String role, String application) {
    // Testcontainers accepts only images that it knows; start() checks that this one is PostgreSQL
    super(image.asCompatibleSubstituteFor("postgres"));
    this.role = role;
    this.application = application;
    withCreateContainerCmdModifier(
        command -> command.withCmd(withSettings(command.getCmd(), extensions, settings)));
  }

  /**
   * Adds an extension from a jar on the class path, or from the image if no jar contains the
   * extension.
   *
   * @param name the name of the extension, without quotes
   * @throws IllegalArgumentException if the name is not a valid extension name
   * @throws IllegalStateException if the container already exists
   */
  public SELF withExtension(String name) {
    return withExtension(NativeExtension.named(name));
  }

  /**
   * Adds an extension. Extensions are created in the databases of {@link #createDatabase()}, in
   * insertion order, but not in the container's own database. The extension's settings and
   * preloaded libraries are appended to the server's command, so they override earlier values from
   * {@code withCommand}.
   *
   * @throws IllegalStateException if the container already exists
   */
  public SELF withExtension(NativeExtension extension) {
    if (getContainerId() != null) {
      throw new IllegalStateException("add extensions before start(), which copies their files");
    }
    extensions.add(extension.extension());
    return self();
  }

  /**
   * Adds extensions and server settings. For subclasses in this project only.
   *
   * @param schema the schema to create the extensions in; null for the default schema
   */
  protected SELF with(
      List<ServerExtension> extensions, Map<String, String> settings, @Nullable String schema) {
    this.extensions.addAll(extensions);
    this.settings.putAll(settings);
    this.schema = schema;
    return self();
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
   * @throws IllegalStateException if the image is not supported, or two extensions need different
   *     values of a setting; the message contains the reason, and no container remains
   * @throws ContainerLaunchException if the server does not start or an extension cannot be
   *     created; the causes contain the reason, and {@link #close()} removes the container
   */
  @Override
  public void start() {
    refusal = null;
    // check the settings here, because Testcontainers would wrap exceptions from the command
    // modifier
    Map<String, String> unused = ExtensionBundle.settings(extensions, settings);
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

  /** Copies the files after the container is created and before it starts. */
  @Override
  protected void containerIsCreated(String containerId) {
    try {
      copyExtensions(containerId);
    } catch (IllegalStateException e) {
      refusal = e;
      throw e;
    }
    super.containerIsCreated(containerId);
  }

  private void copyExtensions(String containerId) {
    String image = getDockerImageName();
    InspectImageResponse inspected = dockerClient.inspectImageCmd(image).exec();
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
                copyFileToContainer(
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
            + " does not set PG_MAJOR, so its PostgreSQL version is unknown. Use an official"
            + " postgres image, or an image that is based on one.");
  }

  @Override
  protected void containerIsStarted(InspectContainerResponse container) {
    super.containerIsStarted(container);
    var created =
        DatabaseFactory.foreign(
            getHost(),
            getMappedPort(POSTGRESQL_PORT),
            getDatabaseName(),
            new Login(getUsername(), getPassword()),
            DatabaseNames.of(role, application, extensions, schema),
            false);
    try {
      created.prepare();
    } catch (SQLException e) {
      throw new IllegalStateException(
          "could not prepare the template database: " + e.getMessage(), e);
    }
    databases = created;
  }

  @Override
  protected void containerIsStopped(InspectContainerResponse container) {
    databases = null;
    super.containerIsStopped(container);
  }

  /**
   * Creates a database with the extensions. An ordinary role owns the database.
   *
   * @throws IllegalStateException if the container is not running or the database cannot be created
   */
  public TestDatabase createDatabase() {
    return new TestDatabase(databases(), SharedServer.createDatabase(databases(), true));
  }

  /**
   * Returns the databases of the server. For subclasses in this project only.
   *
   * @throws IllegalStateException if the container is not running
   */
  protected DatabaseFactory databases() {
    if (databases == null) {
      throw new IllegalStateException(
          "the container is not started: call start(), or annotate its field with @Container");
    }
    return databases;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s[%s]", getClass().getSimpleName(), getDockerImageName());
  }
}
