// SPDX-License-Identifier: MIT
package io.pghello.examples.micronaut;

import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Factory;
import io.micronaut.jdbc.DataSourceResolver;
import io.pghello.PgHelloClient;
import jakarta.inject.Singleton;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Provides the client as a bean. */
@Factory
class PgHelloFactory {
  @Singleton
  @Bean(preDestroy = "close")
  PgHelloClient client(DataSource dataSource, @Nullable DataSourceResolver resolver) {
    return PgHelloClient.create(resolver == null ? dataSource : resolver.resolve(dataSource));
  }
}
