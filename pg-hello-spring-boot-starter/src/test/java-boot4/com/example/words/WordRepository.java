// SPDX-License-Identifier: MIT
package com.example.words;

import java.util.List;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

interface WordRepository extends JpaRepository<Word, String> {
  @Query(value = "SELECT text FROM word WHERE text % ?1", nativeQuery = true)
  List<String> findSimilar(String text);
}
