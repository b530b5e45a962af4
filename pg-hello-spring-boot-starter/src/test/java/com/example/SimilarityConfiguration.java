// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.spring.boot.SpringConnectionSource;
import javax.sql.DataSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration
class SimilarityConfiguration {
  /** Spring closes the client at shutdown. */
  @Bean
  SimilarityClient similarity(DataSource dataSource) {
    return new SimilarityClient(new SpringConnectionSource(dataSource));
  }
}
