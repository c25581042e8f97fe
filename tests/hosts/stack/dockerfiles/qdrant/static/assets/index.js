document.getElementById("root").textContent = "Qdrant";
