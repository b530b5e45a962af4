// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.WireProxy;
import io.quarkus.test.common.QuarkusTestResourceConfigurableLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Map;

/** Starts a PostgreSQL with extensions for a Quarkus test. */
@SuppressWarnings("NullAway.Init") // Quarkus calls init first
// region annotation
@WithTestResource(WithPostgres.Server.class)
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface WithPostgres {
  /** Names of the extensions, separated by commas. */
  String value();

  /** The server, and a proxy in front of it that tests can inject. */
  class Server implements QuarkusTestResourceConfigurableLifecycleManager<WithPostgres> {
    private ExtensionServer server;
    private WireProxy proxy;

    @Override
    public void init(WithPostgres annotation) {
      var builder = ExtensionServer.builder();
      for (String extension : annotation.value().split(", *", -1)) {
        builder.extension(extension);
      }
      server = builder.start();
      proxy = WireProxy.to(server.port());
    }

    @Override
    public Map<String, String> start() {
      String url = server.createDatabase().jdbcUrl();
      return Map.of(
          "quarkus.datasource.jdbc.url",
          url.replace(":" + server.port() + "/", ":" + proxy.port() + "/"));
    }

    @Override
    public void inject(TestInjector tests) {
      tests.injectIntoFields(proxy, new TestInjector.MatchesType(WireProxy.class));
    }

    @Override
    public void stop() {
      proxy.close();
      server.close();
    }
  }
}
// endregion
