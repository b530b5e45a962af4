// SPDX-License-Identifier: MIT
package io.pghello.examples.service.load;

import io.pghello.PgHelloClient;
import io.pghello.spring.boot.SpringConnectionSource;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Configures the load test, if {@code greeting.load.enabled} is true. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("greeting.load.enabled")
class LoadConfiguration {
  /** The baseline, which uses the same pool, but one statement per call. */
  @Bean(defaultCandidate = false)
  PgHelloClient unbatched(DataSource dataSource) {
    return PgHelloClient.builder()
        .connections(new SpringConnectionSource(dataSource))
        .batching(false)
        .build();
  }

  @Bean
  LoadRunners loadRunners(PgHelloClient client, @Qualifier("unbatched") PgHelloClient unbatched) {
    return new LoadRunners(new LoadRunner(client), new LoadRunner(unbatched));
  }

  /** The two variants to compare. */
  record LoadRunners(LoadRunner batching, LoadRunner unbatched) {}
}
