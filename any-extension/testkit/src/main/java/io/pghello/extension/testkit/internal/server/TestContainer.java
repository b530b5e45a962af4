// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import com.github.dockerjava.api.command.InspectContainerResponse;
import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/** The container that tests run on. Only this class needs Testcontainers on the class path. */
// see ExtensionContainer for the use of this deprecated class
@SuppressWarnings("deprecation")
final class TestContainer extends PostgreSQLContainer<TestContainer> {
  private final ServerRequirements needs;
  private final ContainerExtensions extensions;
  private @Nullable DatabaseFactory databases;

  private TestContainer(String image, ServerRequirements needs) {
    super(DockerImageName.parse(image).asCompatibleSubstituteFor("postgres"));
    this.needs = needs;
    this.extensions = new ContainerExtensions(this, needs.settings());
    needs.extensions().forEach(extensions::add);
  }

  static TestContainer start(String image, ServerRequirements needs) {
    var container = new TestContainer(image, needs);
    container.start();
    return container;
  }

  /** Returns the databases of the started container. */
  DatabaseFactory databases() {
    return Objects.requireNonNull(databases);
  }

  @Override
  public void start() {
    extensions.start(super::start);
  }

  @Override
  protected void containerIsCreated(String containerId) {
    extensions.copyFiles(containerId);
    super.containerIsCreated(containerId);
  }

  @Override
  protected void containerIsStarted(InspectContainerResponse container) {
    super.containerIsStarted(container);
    databases = extensions.prepareDatabases(needs.schema());
  }
}
