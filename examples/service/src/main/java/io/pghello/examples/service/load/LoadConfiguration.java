// SPDX-License-Identifier: MIT
package io.pghello.examples.service.load;

import io.pghello.PgHelloClient;
import io.pghello.spring.boot.SpringConnectionSource;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The load, if {@code greeting.load.enabled} is true. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("greeting.load.enabled")
class LoadConfiguration {
  /** The peer: on the same pool, but with a statement for each call. */
  @Bean(defaultCandidate = false)
  PgHelloClient uncoalesced(DataSource dataSource) {
    return PgHelloClient.builder()
        .connections(new SpringConnectionSource(dataSource))
        .coalescing(false)
        .build();
  }

  @Bean
  LoadRunners loadRunners(
      PgHelloClient client, @Qualifier("uncoalesced") PgHelloClient uncoalesced) {
    return new LoadRunners(new LoadRunner(client), new LoadRunner(uncoalesced));
  }

  /** The two ways to call that are compared. */
  record LoadRunners(LoadRunner coalescing, LoadRunner uncoalesced) {}
}
