// SPDX-License-Identifier: MIT
package com.example.words;

import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.PropertySource;

/** An application with an entity and its migration, in a module with other migrations. */
@SpringBootApplication
@PropertySource("classpath:db/words/words.properties")
class WordsApplication {}
